//! A schema of its own for each test, in the database that `POSTGRES_URL` names.

#![allow(dead_code)]

pub mod pooler;
pub mod server;

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

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
        let _ = Client::connect(&self.url, NoTls).and_then(|mut client| client.batch_execute(&drop));
    }
}
