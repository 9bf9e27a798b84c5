// The arithmetic of the windowed list.

import assert from "node:assert/strict";
import {test} from "node:test";
import {rowsInView} from "../../src/minichat/web/scripts/ui/anchors.js";
import {makeHeights, rowsBetween} from "../../src/minichat/web/scripts/ui/row_heights.js";

const keys = (/** @type {number} */ count) => Array.from({length: count}, (_, place) => `row ${place}`);

test("rows that were never shown count with the estimate, and later with the average", () => {
  const heights = makeHeights(50);
  heights.setKeys(keys(100));
  assert.equal(heights.total(), 5_000);
  for (const key of keys(20)) heights.set(key, 30);
  assert.equal(heights.top(20), 600);
  assert.equal(heights.total(), 3_000);
});

test("a row keeps its height when rows appear before it", () => {
  const heights = makeHeights(10);
  heights.setKeys(["b", "c"]);
  heights.set("b", 70);
  heights.setKeys(["a", "b", "c"]);
  assert.deepEqual([heights.top(1), heights.top(2), heights.top(3)], [10, 80, 90]);
});

test("a height is news only once", () => {
  const heights = makeHeights(10);
  heights.setKeys(["a"]);
  assert.equal(heights.set("a", 42), true);
  assert.equal(heights.set("a", 42), false);
  assert.equal(heights.total(), 42);
});

test("the row at a distance is the one that begins at or above it", () => {
  const heights = makeHeights(10);
  heights.setKeys(keys(3));
  assert.deepEqual(
    [-5, 0, 9.9, 10, 29, 500].map((distance) => heights.at(distance)),
    [0, 0, 0, 1, 2, 2],
  );
});

test("a part of the list takes the rows that it touches, and never more than the most", () => {
  const heights = makeHeights(10);
  heights.setKeys(keys(1_000));
  assert.deepEqual(rowsBetween(heights, 95, 205, 50), {first: 9, end: 21});
  assert.deepEqual(rowsBetween(heights, -100, 20, 50), {first: 0, end: 3});
  assert.deepEqual(rowsBetween(heights, 9_950, 12_000, 50), {first: 995, end: 1_000});
  const {first, end} = rowsBetween(heights, 1_000, 6_000, 50);
  assert.equal(end - first, 50);
  assert.ok(first <= 350 && end > 350);
});

test("an empty list has no rows to show", () => {
  const heights = makeHeights(10);
  assert.deepEqual(rowsBetween(heights, 0, 500, 50), {first: 0, end: 0});
  assert.equal(heights.total(), 0);
});

test("a row that begins within the view and stays between its neighbours holds the view", () => {
  const heights = makeHeights(10);
  const items = ["day", "a", "b", "c"];
  heights.setKeys(items);
  const list = {
    heights,
    items,
    key: (/** @type {string} */ it) => it,
    isSteady: (/** @type {string} */ it) => it !== "day",
  };
  const keysAt = (/** @type {number} */ start) => rowsInView(list, start, 25).map(({key}) => key);
  assert.deepEqual(keysAt(0), ["a", "b", "day"]);
  assert.deepEqual(keysAt(5), ["a", "b", "day"]);
  assert.deepEqual(keysAt(15), ["b", "c", "a"]);
});
