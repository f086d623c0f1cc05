import type { Board, Clock, Panel } from '../../pages/statistics/board';
import type { State } from './follow';

/** The words and tables of the page; the pictures aside. */
export function createPage(root: HTMLElement) {
  const showTime = ({ text, iso }: Clock) => {
    const time = find(root, '#as-of time');
    time.textContent = text;
    time.setAttribute('datetime', iso);
  };
  return {
    showTime,
    show({ readTime, panels, figures }: Board) {
      showTime(readTime);
      find(root, '#as-of').hidden = false;
      find(root, '.board').hidden = false;
      find(root, '.figures').hidden = false;
      for (const [id, text] of Object.entries(figures)) find(root, `[data-figure=${id}]`).textContent = text;
      for (const [id, panel] of Object.entries(panels)) fill(find(root, `[data-panel=${id}]`), panel);
    },
    showState(state: State) {
      const badge = find(root, '.board-state [role=status]');
      const text = badge.dataset[state === 'away' ? 'ended' : state] ?? '';
      // A screen reader repeats it each time it is set.
      if (badge.textContent !== text) badge.textContent = text;
      badge.classList.toggle('good', state === 'live');
      find(root, '#away').hidden = state !== 'away';
      find(root, '#ended').hidden = state !== 'ended';
    },
  };
}

function fill(section: HTMLElement, { rows, links, gist }: Panel): void {
  find(section, '.empty').hidden = rows.length > 0;
  find(section, '.filled').hidden = rows.length === 0;
  section.querySelector('canvas')?.setAttribute('aria-label', gist);
  const kinds = [...section.querySelectorAll('thead th')].map(({ className }) => className);
  find(section, 'tbody').replaceChildren(
    ...rows.map((cells, at) => toRow({ cells, link: links[at] ?? '' }, kinds)),
  );
}

function toRow({ cells, link }: { cells: string[]; link: string }, kinds: string[]): HTMLElement {
  const row = document.createElement('tr');
  for (const [index, text] of cells.entries()) {
    const cell = document.createElement(index === 0 ? 'th' : 'td');
    if (cell.tagName === 'TH') cell.setAttribute('scope', 'row');
    cell.className = kinds[index] ?? '';
    cell.append(index === 0 && link !== '' ? toLink(text, link) : text);
    row.append(cell);
  }
  return row;
}

function toLink(text: string, href: string): HTMLElement {
  const link = document.createElement('a');
  link.href = href;
  link.textContent = text;
  return link;
}

function find(parent: ParentNode, selector: string): HTMLElement {
  const element = parent.querySelector<HTMLElement>(selector);
  if (element === null) throw new Error(`the page has no ${selector}`);
  return element;
}
