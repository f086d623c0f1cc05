-- How many of a user's articles were sold since the user last looked; read with the user, for the navigation.
ALTER TABLE users ADD COLUMN unseen_sale_count INT UNSIGNED NOT NULL DEFAULT 0
