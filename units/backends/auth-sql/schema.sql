-- SPDX-License-Identifier: ISC
-- Lines of passwd-auth(8) without the name: a hash with what follows it, and a verifier in a row of its own.
CREATE TABLE passwd (
	name TEXT NOT NULL,
	line TEXT NOT NULL CHECK (line NOT GLOB '*' || char(10) || '*'));
CREATE INDEX passwd_of_name ON passwd (name);
