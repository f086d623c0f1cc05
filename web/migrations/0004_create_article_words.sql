-- The words in the titles of what is for sale, as web/market/words.ts makes them. They go when the article is sold.
CREATE TABLE IF NOT EXISTS article_words (
  article_id BIGINT UNSIGNED NOT NULL,
  word VARCHAR(60) NOT NULL,
  price_cents INT UNSIGNED NOT NULL,
  PRIMARY KEY (article_id, word),
  KEY article_words_newest (word, article_id),
  KEY article_words_cheapest (word, price_cents, article_id),
  CONSTRAINT article_words_article FOREIGN KEY (article_id) REFERENCES articles (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
