// On the staff's statistics: draws the charts, and keeps them and the tables up to date.
import type { Board } from '../pages/statistics/board';
import { followBoard } from './statistics/follow';
import { createPage } from './statistics/page';
import { createPictures } from './statistics/pictures';

const root = document.getElementById('statistics');
if (root !== null) start(root);

function start(root: HTMLElement): void {
  const page = createPage(root);
  const pictures = createPictures(root);
  const { board, live } = root.dataset;
  // As it was sent with the page, if it could be read.
  if (board) pictures.draw(JSON.parse(board));
  if (!live) return;
  followBoard(live, {
    onBoard(fresh: Board) {
      page.show(fresh);
      pictures.draw(fresh);
    },
    onTime: page.showTime,
    onState: page.showState,
  });
}
