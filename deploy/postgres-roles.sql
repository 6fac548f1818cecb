-- Two roles in the database that psql is connected to: hemmaplan_owner makes and changes tables (`hemmaplan db upgrade`),
-- hemmaplan reads and writes rows (`hemmaplan serve`) and can do nothing else. Neither is a superuser.
-- psql --set owner_password=... --set password=... --file postgres-roles.sql, once, as the superuser, before the first start.
\set ON_ERROR_STOP on
BEGIN;
CREATE ROLE hemmaplan_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE hemmaplan LOGIN PASSWORD :'password';
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO hemmaplan_owner, hemmaplan;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO hemmaplan_owner;
GRANT USAGE ON SCHEMA public TO hemmaplan;
ALTER DEFAULT PRIVILEGES FOR ROLE hemmaplan_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hemmaplan;
ALTER DEFAULT PRIVILEGES FOR ROLE hemmaplan_owner IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO hemmaplan;
COMMIT;
