//! A schema of its own for each test, in the database that `POSTGRES_URL` names.

#![allow(dead_code)]

pub mod pooler;
pub mod server;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use giaoban::store::postgres::{PostgresStore, Schema, Server};
use postgres::{Client, NoTls};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub struct Database {
    pub url: String,
    pub schema: String,
}

impl Database {
    pub fn new() -> Self {
        let url = std::env::var("POSTGRES_URL").expect("POSTGRES_URL is not set: run ./test.sh");
        let moment = jiff::Timestamp::now().as_microsecond();
        let schema = format!("test_{moment:x}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Self { url, schema }
    }

    pub fn at(&self) -> Schema {
        Schema::at(Server::parse(&self.url, None).unwrap(), &self.schema)
    }

    pub fn create(&self) -> PostgresStore {
        self.at().create().unwrap()
    }

    /// The same place in other words: user and password, or parameters.
    pub fn url_of(&self, user: &str, password: &str) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap();
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        format!("{scheme}://{user}:{password}@{place}")
    }

    pub fn url_with(&self, parameter: &str) -> String {
        let join = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{join}{parameter}", self.url)
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.url, NoTls).unwrap()
    }

    pub fn run(&self, sql: &str) {
        self.client().batch_execute(&sql.replace("{schema}", &self.schema)).unwrap();
    }

    /// The one value that a statement gives.
    pub fn value(&self, sql: &str) -> i64 {
        self.client().query_one(&sql.replace("{schema}", &self.schema), &[]).unwrap().get(0)
    }
}

impl Database {
    /// A backup of the schema, as docs/operators.md has it.
    pub fn dump(&self, to: &Path) {
        let mut dump = Command::new(server::programs().join("pg_dump"));
        dump.args(["-d", &self.url, "--format=custom", "--schema", &self.schema, "--file"]).arg(to);
        succeeds(dump.output().unwrap());
    }

    /// What such a backup has, and nothing else, in one transaction.
    pub fn restore(&self, dump: &Path) {
        let script =
            succeeds(Command::new(server::programs().join("pg_restore")).arg("--file=-").arg(dump).output().unwrap());
        let mut psql = Command::new(server::programs().join("psql"));
        psql.args(["-d", &self.url, "--single-transaction", "-v", "ON_ERROR_STOP=1", "-q"]);
        let piped = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut psql = piped.spawn().unwrap();
        let mut input = psql.stdin.take().unwrap();
        input.write_all(format!("DROP SCHEMA {} CASCADE;\n", self.schema).as_bytes()).unwrap();
        input.write_all(&script).unwrap();
        drop(input);
        succeeds(psql.wait_with_output().unwrap());
    }
}

fn succeeds(ended: Output) -> Vec<u8> {
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    ended.stdout
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
        let _ = Client::connect(&self.url, NoTls).and_then(|mut client| client.batch_execute(&drop));
    }
}
