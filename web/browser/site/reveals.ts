/** Lets the reader see a password: makes every button of `data-reveals`, which names its field, work. */
export function revealPasswords(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-reveals]')) reveal(button);
}

function reveal(button: HTMLButtonElement): void {
  const field = document.getElementById(button.dataset.reveals ?? '');
  if (!(field instanceof HTMLInputElement)) return;
  const show = (isShown: boolean) => {
    field.type = isShown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(isShown));
  };
  button.addEventListener('click', () => show(field.type === 'password'));
  // What is sent, and what a browser keeps of a form, is a password.
  field.form?.addEventListener('submit', () => show(false));
  show(false);
}
