import { formatDelay } from '../../i18n/delay';
import { msUntilNextSecond } from './timing';

/**
 * Counts every `data-countdown-ms` below down to zero, in the page's language. Meanwhile the button whose id is in
 * `data-enables` is disabled. At zero the element sends `countdown:done`, and the section's `data-announce` is said.
 */
export function startCountdowns(parent: ParentNode): void {
  for (const element of parent.querySelectorAll<HTMLElement>('[data-countdown-ms]')) startCountdown(element);
}

function startCountdown(element: HTMLElement): void {
  // Not the wall clock: the reader may set it, and it need not agree with ours.
  const endMs = performance.now() + Number(element.dataset.countdownMs);
  const language = document.documentElement.lang;
  const button = document.getElementById(element.dataset.enables ?? '');
  if (button instanceof HTMLButtonElement) button.disabled = true;
  // A screen reader would say every second of it.
  element.setAttribute('aria-live', 'off');

  const tick = () => {
    if (!element.isConnected) return;
    const leftMs = endMs - performance.now();
    element.textContent = formatDelay(leftMs, language);
    if (leftMs > 0) {
      window.setTimeout(tick, msUntilNextSecond(leftMs));
      return;
    }
    if (button instanceof HTMLButtonElement) button.disabled = false;
    announce(element);
    element.dispatchEvent(new Event('countdown:done', { bubbles: true }));
  };
  tick();
}

function announce(element: HTMLElement): void {
  const status = element.closest('section')?.querySelector<HTMLElement>('[role=status][data-announce]');
  if (status) status.textContent = status.dataset.announce ?? '';
}
