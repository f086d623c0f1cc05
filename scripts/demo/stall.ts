import type { NewArticle } from '../../web/market/article';
import type { Act } from './act';
import { inventArticle } from './catalogue';
import type { Random } from './random';

/** What is for sale while the plan is made. */
export interface Stall {
  /** All that was ever sold there. */
  readonly articles: readonly NewArticle[];
  sell(student: number): Act;
  /** Undefined if nobody else sells anything. */
  buy(student: number): Act | undefined;
  /** What these acts sell can be bought from now on. */
  show(acts: readonly Act[]): void;
}

export function createStall(random: Random): Stall {
  const articles: NewArticle[] = [];
  const forSale: { article: number; seller: number }[] = [];
  return {
    articles,
    sell(student) {
      articles.push(inventArticle(random));
      return { does: 'sell', student, article: articles.length - 1 };
    },
    buy(student) {
      const others = forSale.filter(({ seller }) => seller !== student);
      const chosen = others[random.between(0, others.length - 1)];
      if (chosen === undefined) return undefined;
      forSale.splice(forSale.indexOf(chosen), 1);
      return { does: 'buy', student, article: chosen.article };
    },
    show(acts) {
      for (const act of acts) {
        if (act.does === 'sell') forSale.push({ article: act.article, seller: act.student });
      }
    },
  };
}
