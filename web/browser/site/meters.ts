import { startCountdowns } from './countdowns';
import { retryDelayMs } from './timing';

/** The shortest time between two requests, however wrong an answer is. */
const SHORTEST_PAUSE_MS = 1_000;

/** The longest timer of a browser is 24 days; a longer one fires at once. */
const LONGEST_PAUSE_MS = 24 * 60 * 60 * 1_000;

/**
 * Keeps every `data-quota` section up to date: it is fetched again, from the address in that attribute, when `data-next-ms`
 * have passed since it came, and when the reader comes back to the page.
 */
export function keepMetersTrue(): void {
  for (const section of document.querySelectorAll<HTMLElement>('section[data-quota]')) keepTrue(section);
}

function keepTrue(first: HTMLElement): void {
  let section = first;
  let timer = 0;
  let failures = 0;
  let isAsking = false;

  const refreshIn = (ms: number) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(refresh, Math.min(Math.max(SHORTEST_PAUSE_MS, ms), LONGEST_PAUSE_MS));
  };
  const refresh = async () => {
    // Coming back asks again.
    if (isAsking || document.hidden) return;
    isAsking = true;
    try {
      const fresh = await fetchSection(section.dataset.quota ?? '');
      failures = 0;
      if (fresh === undefined) return;
      replace(section, fresh);
      section = fresh;
      refreshAtNext();
    } catch {
      failures += 1;
      refreshIn(retryDelayMs(failures, Math.random()));
    } finally {
      isAsking = false;
    }
  };
  // The attribute is missing if nothing is to come back.
  const refreshAtNext = () => {
    window.clearTimeout(timer);
    if (section.dataset.nextMs) refreshIn(Number(section.dataset.nextMs));
  };

  document.addEventListener('visibilitychange', refresh);
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) refresh();
  });
  refreshAtNext();
}

/** Undefined if the server redirects: a logged-out reader has no quota. */
async function fetchSection(url: string): Promise<HTMLElement | undefined> {
  const answer = await fetch(url, {
    headers: { Accept: 'text/html' },
    credentials: 'same-origin',
    redirect: 'manual',
  });
  if (answer.type === 'opaqueredirect') return undefined;
  if (!answer.ok) throw new Error(`the meter was answered with ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const section = page.querySelector<HTMLElement>('section[data-quota]');
  if (section === null) throw new Error('the answer holds no meter');
  return section;
}

/** Replaces the old section with the new one; the focus stays inside. */
function replace(old: HTMLElement, fresh: HTMLElement): void {
  // The server does not know on which page the meter is.
  if (old.dataset.enables) fresh.dataset.enables = old.dataset.enables;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  startCountdowns(fresh);
  if (focused === null) return;
  const twin = focused.id ? document.getElementById(focused.id) : null;
  if (twin === null) fresh.tabIndex = -1;
  (twin ?? fresh).focus({ preventScroll: true });
}
