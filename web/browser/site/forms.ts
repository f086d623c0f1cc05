/** A later answer may never come, and the form must not stay disabled. */
const GIVE_UP_MS = 10_000;

/** A form that changes something is sent once: a second click is ignored until the page is left, or the answer is overdue. */
export function sendFormsOnce(): void {
  const sent = new Map<HTMLFormElement, number>();

  const release = (form: HTMLFormElement) => {
    window.clearTimeout(sent.get(form));
    sent.delete(form);
    for (const button of submitButtons(form)) button.removeAttribute('aria-disabled');
  };

  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== 'post' || event.defaultPrevented) return;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    sent.set(
      form,
      window.setTimeout(() => release(form), GIVE_UP_MS),
    );
    // Not `disabled`, which would remove the focus, and the button's value from the request.
    for (const button of submitButtons(form)) button.setAttribute('aria-disabled', 'true');
  });

  // The back/forward cache shows the page as it was left.
  window.addEventListener('pageshow', () => {
    for (const form of [...sent.keys()]) release(form);
  });
}

function submitButtons(form: HTMLFormElement): HTMLButtonElement[] {
  return [...form.elements].filter(
    (element): element is HTMLButtonElement =>
      element instanceof HTMLButtonElement && element.type === 'submit',
  );
}
