import { startCountdowns } from './countdowns';
import { retryDelayMs } from './timing';

/** However wrong an answer is, the server is not asked more often. */
const SHORTEST_PAUSE_MS = 1_000;

/** A browser's timer holds 24 days; one that is to wait longer fires at once. */
const LONGEST_PAUSE_MS = 24 * 60 * 60 * 1_000;

/**
 * Keeps every `data-quota` section true: it is asked for anew, from the address in that attribute, when `data-next-ms`
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
  // Where nothing is to come back, the attribute is missing.
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

/** Undefined where the server sends the reader elsewhere: who is logged out has no quota. */
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

/** Puts the new section in the place of the old one; who was in there stays there. */
function replace(old: HTMLElement, fresh: HTMLElement): void {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  startCountdowns(fresh);
  if (focused === null) return;
  const twin = focused.id ? document.getElementById(focused.id) : null;
  if (twin === null) fresh.tabIndex = -1;
  (twin ?? fresh).focus({ preventScroll: true });
}
