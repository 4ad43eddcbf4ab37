import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasher, leavesOf, type MemoryFolder, putTiles } from '../../test/support/audit-fixture.ts';
import { createCompactRange } from './compact-range.ts';
import { isConsistent, isIncluded } from './proof.ts';
import { createProver } from './prover.ts';
import { isTileOf, levelsOf, parseTilePath, type Tile, tilePath, tileWidth, widthAt } from './tile.ts';
import { emptyEdge, growTree, rootOfEdge, type TreeEdge } from './tree-edge.ts';

/** The leaves and roots that the Certificate Transparency project tests RFC 6962 with. */
const vectorLeaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const vectorRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The root as RFC 6962 section 2.1 defines it. */
function definedRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes;
  if (first === undefined) return hasher.empty();
  if (hashes.length === 1) return first;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return hasher.node(definedRoot(hashes.slice(0, split)), definedRoot(hashes.slice(split)));
}

test('roots at every size are those of RFC 6962, grown leaf by leaf or all at once', () => {
  const leaves = vectorLeaves.map((leaf) => new Uint8Array(Buffer.from(leaf, 'hex')));
  const range = createCompactRange(hasher);
  let edge: TreeEdge = emptyEdge;
  for (const [size, root] of vectorRoots.entries()) {
    assert.equal(hex(range.root()), root);
    assert.equal(hex(rootOfEdge(edge.levels, hasher)), root);
    assert.equal(hex(rootOfEdge(growTree(emptyEdge, leaves.slice(0, size), hasher).edge.levels, hasher)), root);
    const leaf = leaves[size];
    if (leaf === undefined) break;
    range.append(hasher.leaf(leaf));
    edge = growTree(edge, [leaf], hasher).edge;
  }
});

test('a tree of several tiles has the root that the definition gives, however it grew', () => {
  const hashes = Array.from({ length: 70_000 }, (_, at) => hasher.leaf(Uint8Array.of(at & 255, at >>> 8)));
  const leaves = Array.from({ length: 70_000 }, (_, at) => Uint8Array.of(at & 255, at >>> 8));
  for (const size of [255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, 70_000]) {
    let edge: TreeEdge = emptyEdge;
    for (let at = 0; at < size; at += 777)
      edge = growTree(edge, leaves.slice(at, Math.min(at + 777, size)), hasher).edge;
    assert.equal(hex(rootOfEdge(edge.levels, hasher)), hex(definedRoot(hashes.slice(0, size))), `${size}`);
  }
});

test('INVARIANT: proofs of inclusion and of consistency hold for every size, and for nothing else', async () => {
  const count = 600;
  const leaves = leavesOf(count);
  const hashes = leaves.map((leaf) => hasher.leaf(leaf));
  const roots = [...hashes, null].map((_, size) => definedRoot(hashes.slice(0, size)));
  const folder: MemoryFolder = new Map();
  let edge: TreeEdge = emptyEdge;
  const sizes = [1, 2, 3, 7, 8, 255, 256, 257, 300, 511, 512, 513, 600];
  const random = fc.sample(fc.tuple(fc.nat(), fc.nat()), 60);
  for (const size of sizes) {
    edge = putTiles(folder, leaves.slice(edge.size, size), edge);
    const prover = createProver(size, async (tile: Tile) => folder.get(tilePath(tile)) ?? null, hasher);
    const root = roots[size] ?? hasher.empty();
    for (const [one, other] of random) {
      const index = one % size;
      const inclusion = await prover.inclusion(index);
      assert.ok(inclusion.ok);
      const leafHash = hashes[index] ?? root;
      const claim = { leafHash, index, size, root, proof: inclusion.value };
      assert.ok(isIncluded(claim, hasher), `${index} of ${size}`);
      assert.equal(isIncluded({ ...claim, leafHash: hasher.leaf(Uint8Array.of(1)) }, hasher), false);
      assert.equal(isIncluded({ ...claim, index: (index + 1) % size }, hasher), size === 1);
      assert.equal(isIncluded({ ...claim, proof: [...claim.proof, root] }, hasher), false);
      const oldCount = other % (size + 1);
      const consistency = await prover.consistency(oldCount);
      assert.ok(consistency.ok);
      const oldRoot = roots[oldCount] ?? root;
      const grown = { oldCount, oldRoot, newCount: size, newRoot: root, proof: consistency.value };
      assert.ok(isConsistent(grown, hasher), `${oldCount} to ${size}`);
      assert.equal(isConsistent({ ...grown, oldRoot: hasher.leaf(Uint8Array.of(2)) }, hasher), false);
      if (oldCount > 0) assert.equal(isConsistent({ ...grown, newRoot: hasher.leaf(Uint8Array.of(3)) }, hasher), false);
      assert.equal(isConsistent({ ...grown, proof: [...grown.proof, root] }, hasher), false);
    }
  }
});

test('a proof from tiles that are not there is a fault that names the tile', async () => {
  const prover = createProver(300, async () => null, hasher);
  const proof = await prover.inclusion(5);
  assert.match(proof.ok ? '' : proof.fault.message, /^tile `tile\/0\/000` cannot be used: it is not there$/);
});

test('paths of tiles are those of C2SP tlog-tiles, one spelling each', () => {
  const rows: readonly (readonly [string, Tile])[] = [
    ['tile/0/000', { level: 0, index: 0, width: 256 }],
    ['tile/0/x001/x234/067', { level: 0, index: 1_234_067, width: 256 }],
    ['tile/2/000.p/1', { level: 2, index: 0, width: 1 }],
    ['tile/entries/x001/000.p/255', { level: 'entries', index: 1000, width: 255 }],
  ];
  for (const [path, tile] of rows) {
    assert.equal(tilePath(tile), path);
    assert.deepEqual(parseTilePath(path), tile);
  }
  const others = ['tile/0/0', 'tile/0/x000/001', 'tile/0/000.p/0', 'tile/0/000.p/256', 'tile/0/000.p/01', 'tile/7/000'];
  for (const path of [...others, 'tile/entries/000.p', 'tile/0/000/', '/tile/0/000', 'tile/data/000']) {
    assert.equal(parseTilePath(path), null, path);
  }
});

test('growing writes exactly the tiles that the new tree has', () => {
  fc.assert(
    fc.property(fc.nat(1200), fc.integer({ min: 1, max: 1200 }), (from, more) => {
      const leaves = Array.from({ length: from + more }, (_, at) => Uint8Array.of(at & 255));
      const folder = new Set<string>();
      const first = growTree(emptyEdge, leaves.slice(0, from), hasher);
      const second = growTree(first.edge, leaves.slice(from), hasher);
      for (const { tile } of [...first.tiles, ...second.tiles]) {
        if (isTileOf(tile, from + more)) folder.add(tilePath(tile));
      }
      for (const level of [...levelsOf(from + more), 'entries'] as const) {
        for (let index = 0; widthAt(level, index, from + more) > 0; index += 1) {
          assert.ok(folder.delete(tilePath({ level, index, width: widthAt(level, index, from + more) })));
        }
      }
      assert.deepEqual([...folder], []);
      assert.ok(second.edge.levels.every((hashes) => hashes.length < tileWidth));
    }),
    { numRuns: 30 },
  );
});
