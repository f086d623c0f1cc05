-- The calls of services that were carried out, each by the id of its request, so that a form that is sent again, however late, does nothing
-- twice. No foreign key: what was withdrawn since must not come back either.
CREATE TABLE IF NOT EXISTS call_requests (
  request_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  article_id BIGINT UNSIGNED NULL,
  created DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  PRIMARY KEY (request_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
