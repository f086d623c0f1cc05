// A piece of work that takes a while, and what a person sees of it.

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/**
 * Does the work. A terminal shows the seconds that it has taken so far; anything else gets a line when it begins and one
 * when it is done. Standard output belongs to the script that is run afterwards.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @param {{ isTTY?: boolean, write(text: string): unknown }} output
 * @returns {Promise<T>}
 */
export async function step(title, work, output = process.stderr) {
  const beganMs = Date.now();
  const seconds = () => `${Math.round((Date.now() - beganMs) / 1000)} s`;
  const end = output.isTTY ? turn(output, () => `${title} … ${seconds()}`) : begin(output, title);
  try {
    const result = await work();
    end();
    output.write(`${title}: done in ${seconds()}\n`);
    return result;
  } catch (error) {
    end();
    output.write(`${title}: failed after ${seconds()}\n`);
    throw error;
  }
}

function begin(output, title) {
  output.write(`${title} …\n`);
  return () => undefined;
}

/** Writes the line again and again, until ended. */
function turn(output, line) {
  let frame = 0;
  const show = () => {
    output.write(`\r${FRAMES[frame % FRAMES.length]} ${line()}\x1b[K`);
    frame += 1;
  };
  show();
  const timer = setInterval(show, FRAME_MS);
  return () => {
    clearInterval(timer);
    output.write('\r\x1b[K');
  };
}
