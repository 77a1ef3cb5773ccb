-- SPDX-License-Identifier: ISC
-- A mailbox is a row: INSERT INTO mailboxes VALUES ('jo@example.org'). AUTOINCREMENT: a unique-id of POP3 never comes again.
PRAGMA journal_mode = WAL;
CREATE TABLE mailboxes (name TEXT PRIMARY KEY COLLATE NOCASE);
CREATE TABLE messages (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	mailbox TEXT NOT NULL COLLATE NOCASE REFERENCES mailboxes,
	sender TEXT NOT NULL,
	content BLOB NOT NULL);
CREATE INDEX messages_of_mailbox ON messages (mailbox);
