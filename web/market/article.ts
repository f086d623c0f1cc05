export const CATEGORIES = ['dvd', 'book', 'other'] as const;
export const CONDITIONS = ['new', 'very_good', 'good', 'fair'] as const;
export const SORTS = ['newest', 'cheapest'] as const;

export type Category = (typeof CATEGORIES)[number];
export type Condition = (typeof CONDITIONS)[number];
export type Sort = (typeof SORTS)[number];

/** What a seller says of an article. */
export type NewArticle = {
  title: string;
  category: Category;
  condition: Condition;
  /** In whole cents. */
  priceCents: number;
  /** Of several lines, or empty. */
  description: string;
};

/** An article as lists show it. */
export type Article = Omit<NewArticle, 'description'> & {
  id: number;
  sellerId: number;
  /** UTC. */
  created: Date;
  /** Undefined while the article is for sale, as is `sold`. */
  buyerId: number | undefined;
  /** UTC. */
  sold: Date | undefined;
};

/** An article as its own page shows it. */
export type ArticleDetails = Article & Pick<NewArticle, 'description'>;

/** What a list of articles for sale is narrowed to; what is unset narrows nothing. */
export type Filters = {
  category?: Category | undefined;
  condition?: Condition | undefined;
  maxPriceCents?: number | undefined;
  /** All of its words must be in the title. */
  words?: string | undefined;
};

/** One page of a list. `next` and `previous` are for the same list's `cursor`; undefined if there is no such page. */
export type Page = { articles: Article[]; next: string | undefined; previous: string | undefined };
