/** How strongly an identity is proven, from weak to strong. Rules and the boundary ask for one of these at least. */
export const strengths = ['network', 'shared-secret', 'token', 'certificate', 'step-up'] as const;

/** One of {@link strengths}. */
export type Strength = (typeof strengths)[number];

/** Whether `have` is at least as strong as `need`. */
export function isAtLeast(have: Strength, need: Strength): boolean {
  return strengths.indexOf(have) >= strengths.indexOf(need);
}
