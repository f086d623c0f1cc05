/** What still disables a button; it is enabled when nothing does. */
const holders = new WeakMap<HTMLButtonElement, Set<HTMLElement>>();

/** A button that is disabled until a countdown has ended. */
export type WaitingButton = {
  /** Disables the button and shows for how long; a change of the named field, if any, enables it at once. */
  hold(left: string): void;
  letGo(): void;
};

/** The button that a countdown names in `data-enables`, or the section around it that says nothing is left. */
export function waitingButton(countdown: HTMLElement): WaitingButton | undefined {
  const section = countdown.closest<HTMLElement>('.spent[data-enables]');
  const button = document.getElementById(countdown.dataset.enables ?? section?.dataset.enables ?? '');
  if (!(button instanceof HTMLButtonElement)) return undefined;
  const isFieldChanged = watchField(countdown.dataset.while);
  const letGo = () => release(button, countdown);
  return {
    hold: (left) => (isFieldChanged() ? letGo() : hold({ button, countdown, left })),
    letGo,
  };
}

/** Whether the field of this id has another value now. */
function watchField(id: string | undefined): () => boolean {
  const field = document.getElementById(id ?? '');
  if (!(field instanceof HTMLInputElement)) return () => false;
  const { value } = field;
  return () => field.value !== value;
}

type Holding = { button: HTMLButtonElement; countdown: HTMLElement; left: string };

function hold({ button, countdown, left }: Holding): void {
  holders.set(button, (holders.get(button) ?? new Set()).add(countdown));
  button.disabled = true;
  noteBeside(button).textContent = `${button.dataset.wait ?? ''} ${left}`.trim();
}

function release(button: HTMLButtonElement, countdown: HTMLElement): void {
  const waiting = holders.get(button);
  if (!waiting?.delete(countdown) || waiting.size > 0) return;
  button.disabled = false;
  noteBeside(button).textContent = '';
}

function noteBeside(button: HTMLButtonElement): HTMLElement {
  const next = button.nextElementSibling;
  if (next instanceof HTMLElement && next.classList.contains('wait')) return next;
  const note = document.createElement('span');
  note.className = 'wait';
  button.after(note);
  return note;
}
