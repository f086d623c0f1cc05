import type { Database } from '../database';

/** Notes for the seller that an article was sold. Call it in the transaction of the sale. */
export async function countUnseenSale(database: Database, articleId: number): Promise<void> {
  await database.execute(
    `UPDATE users u JOIN articles a ON a.seller_id = u.id
     SET u.unseen_sale_count = u.unseen_sale_count + 1 WHERE a.id = ? AND u.role <> 'deleted'`,
    [articleId],
  );
}

/** Subtracts the sales that the seller has seen; one that came meanwhile stays. */
export async function forgetUnseenSales(
  database: Database,
  { id, count }: { id: number; count: number },
): Promise<void> {
  await database.execute(
    'UPDATE users SET unseen_sale_count = GREATEST(unseen_sale_count, ?) - ? WHERE id = ?',
    [count, count, id],
  );
}
