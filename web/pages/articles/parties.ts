import type { User } from '../../accounts/user';
import type { Users } from '../../accounts/users';
import type { ArticleDetails } from '../../market/article';

/** The reader's role for an article; after the sale, the seller and the buyer see each other. */
export type Relation = 'seller' | 'buyer' | 'other';

/** Who sells an article and who has bought it, as far as a reader may know. */
export type Parties = {
  relation: Relation;
  /** Undefined if the account was deleted. */
  seller: User | undefined;
  /** Undefined while the article is for sale, for all but the two, or if the account was deleted. */
  buyer: User | undefined;
};

/** Looks up the seller and, for the two themselves, the buyer. */
export async function readParties(
  users: Users,
  { article, reader }: { article: ArticleDetails; reader: User | undefined },
): Promise<Parties> {
  const relation = relationOf(article, reader);
  const { sellerId, buyerId } = article;
  const isShown = relation !== 'other' && buyerId !== undefined;
  const found = await users.findByIds(isShown ? [sellerId, buyerId] : [sellerId]);
  const byId = (sought: number | undefined) => found.find(({ id }) => id === sought);
  return { relation, seller: byId(sellerId), buyer: isShown ? byId(buyerId) : undefined };
}

function relationOf({ sellerId, buyerId }: ArticleDetails, reader: User | undefined): Relation {
  if (reader === undefined) return 'other';
  if (reader.id === sellerId) return 'seller';
  return reader.id === buyerId ? 'buyer' : 'other';
}
