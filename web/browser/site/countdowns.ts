import { formatDelay } from '../../i18n/delay';
import { msUntilNextSecond } from './timing';
import { waitingButton } from './waiting_button';

/**
 * Counts every `data-countdown-ms` below down to zero, in the page's language. Meanwhile the button whose id is in
 * `data-enables` is disabled. At zero the element sends `countdown:done`, and the section's `data-announce` is said.
 */
export function startCountdowns(parent: ParentNode): void {
  for (const element of parent.querySelectorAll<HTMLElement>('[data-countdown-ms]')) startCountdown(element);
}

function startCountdown(element: HTMLElement): void {
  // Not the wall clock: the reader may set it, and it may differ from the server's.
  const endMs = performance.now() + Number(element.dataset.countdownMs);
  const language = document.documentElement.lang;
  const button = waitingButton(element);
  // A screen reader would read every second aloud.
  element.setAttribute('aria-live', 'off');

  const tick = () => {
    // A newer meter has taken its place.
    if (!element.isConnected) return button?.letGo();
    const leftMs = endMs - performance.now();
    const left = formatDelay(leftMs, language);
    element.textContent = left;
    if (leftMs > 0) {
      button?.hold(left);
      window.setTimeout(tick, msUntilNextSecond(leftMs));
      return;
    }
    button?.letGo();
    announce(element);
    element.dispatchEvent(new Event('countdown:done', { bubbles: true }));
  };
  tick();
}

function announce(element: HTMLElement): void {
  const status = element.closest('section')?.querySelector<HTMLElement>('[role=status][data-announce]');
  if (status) status.textContent = status.dataset.announce ?? '';
}
