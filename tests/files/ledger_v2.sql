-- A ledger of schema version 2 with five invoices, dumped from SQLite; written by the program as it was before version 3.
BEGIN TRANSACTION;
CREATE TABLE attempts (
	id INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	reference TEXT NOT NULL, 
	run_id VARCHAR(64) NOT NULL, 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	outcome VARCHAR(32), 
	http_status INTEGER, 
	request_id TEXT, 
	message TEXT, 
	raw TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "attempts" VALUES(1,'https://api.mavenlink.com/api/v1','inv-ukqzpntjcy5zyon7','20261031-090000-1a2b','2026-10-31 09:00:11.123456','2026-10-31 09:00:12.123456','created',200,'r-1',NULL,NULL);
INSERT INTO "attempts" VALUES(2,'https://api.mavenlink.com/api/v1','inv-jomenpbqfripims2','20261031-090000-1a2b','2026-10-31 09:00:13.123456','2026-10-31 09:00:14.123456','rejected',422,'r-2','is closed','{"errors":[]}');
INSERT INTO "attempts" VALUES(3,'https://api.mavenlink.com/api/v1','inv-v3hn7362qhx7rseu','20261031-090000-1a2b','2026-10-31 09:00:15.123456','2026-10-31 09:00:16.123456','refused_for_now',429,NULL,'throttled',NULL);
INSERT INTO "attempts" VALUES(4,'https://api.mavenlink.com/api/v1','inv-do5prxg4eyfn3hh4','20261031-090000-1a2b','2026-10-31 09:00:17.123456','2026-10-31 09:00:18.123456','unknown',502,'r-4','HTTP 502','<html>');
INSERT INTO "attempts" VALUES(5,'https://api.mavenlink.com/api/v1','inv-m5shu5myzd5m766b','20261031-090000-1a2b','2026-10-31 09:00:19.123456',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE billed_items (
	account TEXT NOT NULL, 
	item_type VARCHAR(32) NOT NULL, 
	item_id BIGINT NOT NULL, 
	reference TEXT NOT NULL, 
	PRIMARY KEY (account, item_type, item_id, reference)
);
INSERT INTO "billed_items" VALUES('https://api.mavenlink.com/api/v1','time_entry',4105101001,'inv-ukqzpntjcy5zyon7');
CREATE TABLE invoices (
	account TEXT NOT NULL, 
	reference TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	invoice_key TEXT, 
	workspace_ids TEXT NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	amount TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	run_id VARCHAR(64) NOT NULL, 
	source_path TEXT NOT NULL, 
	source_sha256 VARCHAR(64) NOT NULL, 
	rows TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	sent_at DATETIME, 
	request_id TEXT, 
	invoice_id TEXT, 
	error TEXT, 
	PRIMARY KEY (account, reference)
);
INSERT INTO "invoices" VALUES('https://api.mavenlink.com/api/v1','inv-ukqzpntjcy5zyon7','2026-10','created','[101]','8c24d22ac6db091dc8ad0b8f395c25c95774c197392c89ac5fe3e1fb51d63f7f','500','created','20261031-090000-1a2b','/home/anna/october.xlsx','abababababababababababababababababababababababababababababababab','[2, 3]','{"invoice": {"workspace_id": 101, "payment_schedule": 30, "time_entry_ids": [4105101001], "fixed_fee_items": [{"amount": 500, "notes": "Größe"}], "draft": true, "suppress_emails": true, "external_reference": {"service_name": "invoice-importer", "service_model": "invoice", "service_model_ref": "inv-ukqzpntjcy5zyon7"}}}','2026-10-31 09:00:11.123456','r-1','9001',NULL);
INSERT INTO "invoices" VALUES('https://api.mavenlink.com/api/v1','inv-jomenpbqfripims2','2026-10','rejected','[102]','cb6d3fdcbf9c54a902e43419924f7fc6fb01c6a7b8d6f69527f4c08ff2110aa0','10.50','rejected','20261031-090000-1a2b','/home/anna/october.xlsx','abababababababababababababababababababababababababababababababab','[4]','{"invoice": {"workspace_id": 102, "payment_schedule": 30, "fixed_fee_items": [{"amount": 10.5, "notes": "Größe"}], "draft": true, "suppress_emails": true, "external_reference": {"service_name": "invoice-importer", "service_model": "invoice", "service_model_ref": "inv-jomenpbqfripims2"}}}','2026-10-31 09:00:13.123456','r-2',NULL,'is closed');
INSERT INTO "invoices" VALUES('https://api.mavenlink.com/api/v1','inv-v3hn7362qhx7rseu','2026-10','not sent','[103]','db2587872a7434986f55bfe4a7a7ef2ab510543b12ff257d2a8d2268f9fece88','3','not_sent','20261031-090000-1a2b','/home/anna/october.xlsx','abababababababababababababababababababababababababababababababab','[5]','{"invoice": {"workspace_id": 103, "payment_schedule": 30, "fixed_fee_items": [{"amount": 3, "notes": "Größe"}], "draft": true, "suppress_emails": true, "external_reference": {"service_name": "invoice-importer", "service_model": "invoice", "service_model_ref": "inv-v3hn7362qhx7rseu"}}}','2026-10-31 09:00:15.123456',NULL,NULL,'throttled');
INSERT INTO "invoices" VALUES('https://api.mavenlink.com/api/v1','inv-do5prxg4eyfn3hh4','2026-10','doubt','[104]','bfe1a132771fe2dd6deb76e2b463b7fb13314a7080a4adda8ce689e5dbbb1d01','4','in_doubt','20261031-090000-1a2b','/home/anna/october.xlsx','abababababababababababababababababababababababababababababababab','[6]','{"invoice": {"workspace_id": 104, "payment_schedule": 30, "fixed_fee_items": [{"amount": 4, "notes": "Größe"}], "draft": true, "suppress_emails": true, "external_reference": {"service_name": "invoice-importer", "service_model": "invoice", "service_model_ref": "inv-do5prxg4eyfn3hh4"}}}','2026-10-31 09:00:17.123456','r-4',NULL,'HTTP 502');
INSERT INTO "invoices" VALUES('https://api.mavenlink.com/api/v1','inv-m5shu5myzd5m766b','2026-10','sending','[105]','066dadd3cfdc0f5ca318158b8b794a8b507215035e6504d56f5e55e0c08f75ae','5','sending','20261031-090000-1a2b','/home/anna/october.xlsx','abababababababababababababababababababababababababababababababab','[7]','{"invoice": {"workspace_id": 105, "payment_schedule": 30, "fixed_fee_items": [{"amount": 5, "notes": "Größe"}], "draft": true, "suppress_emails": true, "external_reference": {"service_name": "invoice-importer", "service_model": "invoice", "service_model_ref": "inv-m5shu5myzd5m766b"}}}','2026-10-31 09:00:19.123456',NULL,NULL,NULL);
CREATE TABLE ledger_meta (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "ledger_meta" VALUES('schema_version','2');
CREATE TABLE run_locks (
	account TEXT NOT NULL, 
	run_id VARCHAR(64) NOT NULL, 
	who TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	PRIMARY KEY (account)
);
INSERT INTO "run_locks" VALUES('https://api.mavenlink.com/api/v1','20261031-090000-1a2b','anna@office','2026-10-31 09:00:10.123456');
CREATE TABLE runs (
	run_id VARCHAR(64) NOT NULL, 
	account TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	who TEXT NOT NULL, 
	path TEXT NOT NULL, 
	sheet TEXT, 
	sha256 VARCHAR(64) NOT NULL, 
	rows INTEGER NOT NULL, 
	invoices INTEGER NOT NULL, 
	amount TEXT NOT NULL, 
	by_status TEXT, 
	exit_code INTEGER, 
	PRIMARY KEY (run_id)
);
INSERT INTO "runs" VALUES('20261031-090000-1a2b','https://api.mavenlink.com/api/v1','2026-10','2026-10-31 09:00:10.123456','2026-10-31 09:00:20.123456','anna@office','/home/anna/october.xlsx','Invoices','abababababababababababababababababababababababababababababababab',6,5,'522.50','{"created": 1, "rejected": 1, "not_sent": 1, "in_doubt": 2}',8);
CREATE INDEX invoices_by_fingerprint ON invoices (account, fingerprint);
CREATE INDEX ix_invoices_run_id ON invoices (run_id);
CREATE INDEX ix_attempts_run_id ON attempts (run_id);
COMMIT;
