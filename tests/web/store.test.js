// The store: updates, watchers and memoized values.

import assert from "node:assert/strict";
import {test} from "node:test";
import {makeStore, memo} from "../../src/minichat/web/scripts/store/store.js";

const {signal} = new AbortController();
const flushed = () => new Promise((resolve) => setTimeout(resolve));

test("a watcher runs at once and after a change of its value alone", async () => {
  const store = makeStore({one: 1, two: 2});
  /** @type {number[]} */
  const seen = [];
  store.watch(
    (state) => state.one,
    (value) => seen.push(value),
    signal,
  );
  store.update((state) => ({...state, two: 3}));
  await flushed();
  assert.deepEqual(seen, [1]);
  store.update((state) => ({...state, one: 5}));
  await flushed();
  assert.deepEqual(seen, [1, 5]);
});

test("changes within one task reach a watcher as one", async () => {
  const store = makeStore(0);
  /** @type {number[]} */
  const seen = [];
  store.watch(
    (state) => state,
    (value) => seen.push(value),
    signal,
  );
  for (let round = 0; round < 10; round += 1) store.update((state) => state + 1);
  assert.equal(store.get(), 10);
  await flushed();
  assert.deepEqual(seen, [0, 10]);
});

test("a watcher ends with its signal, also within the batch that ends it", async () => {
  const store = makeStore(0);
  const end = new AbortController();
  /** @type {number[]} */
  const seen = [];
  store.watch(
    (state) => state,
    (value) => value > 0 && end.abort(),
    signal,
  );
  store.watch(
    (state) => state,
    (value) => seen.push(value),
    end.signal,
  );
  store.update(() => 1);
  await flushed();
  assert.deepEqual(seen, [0]);
});

test("a memoized function returns the same object for the same arguments", () => {
  const pair = memo((/** @type {number} */ a, /** @type {number} */ b) => ({a, b}));
  const first = pair(1, 2);
  assert.equal(pair(1, 2), first);
  assert.notEqual(pair(1, 3), first);
});
