/**
 * The sound of a new message: two soft notes, made by the browser. It knows nothing of messages.
 */

const NOTES = /** @type {const} */ ([
  [659.26, 0],
  [987.77, 0.09],
]);
const LOUDNESS = 0.12;

/** @type {AudioContext | null} */
let context = null;

/** Browsers let a page play after the user has touched it. */
export function mayPlay() {
  return "AudioContext" in globalThis && navigator.userActivation?.hasBeenActive !== false;
}

/** Play it, unless this machine has no sound. */
export async function playSound() {
  if (!mayPlay()) return;
  try {
    context ??= new AudioContext();
    if (context.state !== "running") await context.resume();
    play(context);
  } catch {
    // Silence is no fault of the page.
  }
}

/** @param {AudioContext} context */
function play(context) {
  const start = context.currentTime + 0.02;
  for (const [frequency, delay] of NOTES) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = frequency;
    tone.type = "sine";
    volume.gain.setValueAtTime(0, start + delay);
    volume.gain.linearRampToValueAtTime(LOUDNESS, start + delay + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + delay + 0.45);
    tone.connect(volume).connect(context.destination);
    tone.start(start + delay);
    tone.stop(start + delay + 0.5);
  }
}
