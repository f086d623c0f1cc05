import type { Database } from '../database';
import type { NewArticle } from './article';
import { wordsOf } from './words';

/** The words of the titles of what is for sale. */
export type ArticleWords = {
  insert(article: Pick<NewArticle, 'title' | 'priceCents'> & { id: number }): Promise<void>;
  /** Forgets a sold article, so that searches read only what is for sale. */
  remove(articleId: number): Promise<void>;
};

export function articleWordsTable(database: Database): ArticleWords {
  return {
    async insert({ id, title, priceCents }) {
      const rows = wordsOf(title).map((word) => [id, word, priceCents]);
      // `VALUES` without a row is not SQL.
      if (rows.length === 0) return;
      await database.query('INSERT INTO article_words (article_id, word, price_cents) VALUES ?', [rows]);
    },
    async remove(articleId) {
      await database.execute('DELETE FROM article_words WHERE article_id = ?', [articleId]);
    },
  };
}
