#!/bin/sh
# In the container mysql-accounts: creates the accounts of MySQL, or sets their passwords to those in the secrets.
# `etuservices` changes the tables (migrations), `etuservices_site` only what is in them. They and root cross the network
# by TLS only.
set -eu
umask 077

secret() { cat "/run/secrets/$1"; }

# The password is in no command line and in no environment. Those that secrets.sh makes need no quoting.
printf '[client]\npassword="%s"\n' "$(secret mysql_root_password)" >/tmp/root.cnf

mysql --defaults-extra-file=/tmp/root.cnf --host mysql --user root --protocol TCP \
  --ssl-mode VERIFY_IDENTITY --ssl-ca /run/secrets/mysql_tls.pem <<SQL
CREATE USER IF NOT EXISTS 'etuservices'@'%' IDENTIFIED BY '$(secret mysql_password)';
ALTER USER 'etuservices'@'%' IDENTIFIED BY '$(secret mysql_password)';
GRANT ALL PRIVILEGES ON etuservices.* TO 'etuservices'@'%';
CREATE USER IF NOT EXISTS 'etuservices_site'@'%' IDENTIFIED BY '$(secret mysql_site_password)';
ALTER USER 'etuservices_site'@'%' IDENTIFIED BY '$(secret mysql_site_password)' REQUIRE SSL;
GRANT SELECT, INSERT, UPDATE, DELETE ON etuservices.* TO 'etuservices_site'@'%';
SQL
