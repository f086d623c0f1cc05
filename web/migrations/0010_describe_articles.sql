-- What a seller says beside the title; shown on the article's own page alone.
ALTER TABLE articles ADD COLUMN description VARCHAR(1000) NOT NULL DEFAULT ''
