/**
 * Reads server-sent events out of pieces of text. Pure; it knows nothing of the network.
 *
 * @typedef {import("./types.js").Event} Event
 */

/** @returns {(piece: string) => Event[]} Takes the next piece of the stream; returns the events that it completes. */
export function makeEventReader() {
  let rest = "";
  return (piece) => {
    const blocks = (rest + piece).split("\n\n");
    rest = blocks.pop() ?? "";
    const events = [];
    for (const block of blocks) {
      const data = block.split("\n").find((line) => line.startsWith("data: "));
      if (data) events.push(JSON.parse(data.slice(6)));
    }
    return events;
  };
}
