-- The calls that left an article: each was sold by one user, and perhaps bought by another.
UPDATE users u SET service_call_count =
  (SELECT COUNT(*) FROM articles a WHERE a.seller_id = u.id) +
  (SELECT COUNT(*) FROM articles a WHERE a.buyer_id = u.id)
