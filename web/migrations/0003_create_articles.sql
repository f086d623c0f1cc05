-- What students sell. An article without a buyer is for sale. Each pair of filters has its index, in both orders, so that
-- a page reads only the rows that it shows.
CREATE TABLE IF NOT EXISTS articles (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  seller_id BIGINT UNSIGNED NOT NULL,
  title VARCHAR(120) NOT NULL,
  category ENUM('dvd', 'book', 'other') NOT NULL,
  article_condition ENUM('new', 'very_good', 'good', 'fair') NOT NULL,
  price_cents INT UNSIGNED NOT NULL,
  created DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  buyer_id BIGINT UNSIGNED NULL,
  sold DATETIME(3) NULL,
  PRIMARY KEY (id),
  KEY articles_seller (seller_id, id),
  KEY articles_buyer (buyer_id, sold, id),
  KEY articles_newest (buyer_id, id),
  KEY articles_cheapest (buyer_id, price_cents, id),
  KEY articles_category_newest (buyer_id, category, id),
  KEY articles_category_cheapest (buyer_id, category, price_cents, id),
  KEY articles_condition_newest (buyer_id, article_condition, id),
  KEY articles_condition_cheapest (buyer_id, article_condition, price_cents, id),
  KEY articles_category_condition_newest (buyer_id, category, article_condition, id),
  KEY articles_category_condition_cheapest (buyer_id, category, article_condition, price_cents, id),
  CONSTRAINT articles_seller_exists FOREIGN KEY (seller_id) REFERENCES users (id),
  CONSTRAINT articles_buyer_exists FOREIGN KEY (buyer_id) REFERENCES users (id),
  CONSTRAINT articles_price CHECK (price_cents BETWEEN 1 AND 1000000)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
