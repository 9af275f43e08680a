//! What a server's refusals mean, and how far it is trusted.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use giaoban::store::StoreError;
use giaoban::store::postgres::{Schema, Server};

use crate::database::Database;
use crate::harness::Giaoban;
use crate::harness::certificate::certificate;

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_tells_its_refusals_apart() {
    let database = Database::new();
    let open = |url: &str| Schema::at(Server::parse(url, None).unwrap(), &database.schema).create().err().unwrap();
    let wrong = open(&database.url_of("postgres", "wrong"));
    assert!(matches!(wrong, StoreError::Login { .. }), "{wrong}");
    let nobody = open(&database.url_of("no_such_user", "wrong"));
    assert!(matches!(nobody, StoreError::Login { .. }), "{nobody}");
    let (place, _) = database.url.rsplit_once('/').unwrap();
    let none = open(&format!("{place}/no_such_database"));
    assert!(
        matches!(&none, StoreError::NoDatabase { cause, .. } if cause.to_string().contains("no_such_database")),
        "{none}"
    );

    // A server that has no connection to spare, and one whose disk is full.
    let name = &database.schema;
    database.run(&format!("CREATE ROLE {name} LOGIN PASSWORD 'p' CONNECTION LIMIT 0"));
    let crowded = open(&database.url_of(name, "p"));
    database.run(&format!("DROP ROLE {name}"));
    assert!(matches!(crowded, StoreError::Crowded { .. }), "{crowded}");
    let full = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$";
    let full = database.client().batch_execute(full).unwrap_err();
    let server = Server::parse(&database.url, None).unwrap();
    assert!(matches!(server.error(full), StoreError::DiskFull { .. }));

    // A schema of another program, and one of a newer version.
    database.run("CREATE SCHEMA {schema}; CREATE TABLE {schema}.things (x integer)");
    let at = database.at();
    for error in [at.create().err().unwrap(), at.read().err().unwrap()] {
        assert!(
            matches!(&error, StoreError::Foreign { cause, .. } if cause.to_string().contains(&database.schema)),
            "{error}"
        );
    }
    database.run("DROP TABLE {schema}.things");
    assert!(matches!(at.read(), Err(StoreError::Missing { .. })));
    at.create().unwrap();
    database.run("UPDATE {schema}.giaoban_generation SET version = 99");
    for error in [at.create().err().unwrap(), at.read().err().unwrap()] {
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_is_trusted_by_its_certificate() {
    let database = Database::new();
    let authority = std::env::var("POSTGRES_CA").expect("POSTGRES_CA is not set: run ./test.sh");
    let at_host = |host: &str, parameters: &str| {
        let url = database.url.replace("@127.0.0.1", &format!("@{host}"));
        let join = if url.contains('?') { '&' } else { '?' };
        let server = Server::parse(&format!("{url}{join}{parameters}"), None).unwrap();
        Schema::at(server, &database.schema).create()
    };
    at_host("localhost", &format!("sslmode=verify-full&sslrootcert={authority}")).unwrap();
    at_host("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={authority}")).unwrap();
    at_host("127.0.0.1", "sslmode=no-verify").unwrap();
    at_host("127.0.0.1", "sslmode=disable").unwrap();
    let encrypted = |parameters: &str| {
        let mut client = Server::parse(&database.url_with(parameters), None).unwrap().connect().unwrap();
        let row = client.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).unwrap();
        row.get::<_, bool>(0)
    };
    assert!(encrypted("sslmode=no-verify") && encrypted("sslmode=prefer") && !encrypted("sslmode=disable"));
    for (host, parameters) in [
        // Another host, an authority that is not known, and one that did not sign it.
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={authority}")),
        ("localhost", "sslmode=require".to_owned()),
    ] {
        let error = at_host(host, &parameters).err().unwrap();
        assert!(
            matches!(&error, StoreError::Untrusted { cause, .. } if cause.to_string().contains("certificate")),
            "{error}"
        );
    }
}

/// A server's place, where nothing comes but what `serve` says on each connection. It ends with the test.
fn listening(serve: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

#[test]
fn a_server_that_goes_down_under_the_handshake_is_away_and_not_untrusted() {
    for reset in [false, true] {
        let port = listening(move |mut client| {
            // The request for TLS, which this is ready for; of what comes then, it takes nothing, or all.
            let mut hello = [0; 8];
            client.read_exact(&mut hello).unwrap();
            client.write_all(b"S").unwrap();
            client.peek(&mut hello).unwrap();
            if !reset {
                client.shutdown(Shutdown::Write).unwrap();
                let _ = client.read_to_end(&mut Vec::new());
            }
        });
        let server = Server::parse(&format!("postgres://u@127.0.0.1:{port}/d?sslmode=no-verify"), None).unwrap();
        let error = server.connect().err().unwrap();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    }
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing_is_away() {
    let (held, connections) = channel();
    let port = listening(move |client| drop(held.send(client)));
    let url = format!("postgres://u:s3cret@127.0.0.1:{port}/d?connect_timeout=1");
    let server = Server::parse(&url, None).unwrap();
    for _ in 0..3 {
        let begun = Instant::now();
        let error = server.connect().err().unwrap();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
    assert_eq!(connections.try_iter().count(), 1, "what was given up is gone on with");
    let giaoban = Giaoban::new().with("GIAOBAN__STORE__URL", &url);
    let said = giaoban.fails(18, &["worker", "--until-caught-up"]);
    assert!(said.contains(&format!("127.0.0.1:{port}")) && crate::harness::has_remedy(&said), "{said}");
    assert!(said.contains("within 2 s"), "{said}");
}

#[test]
fn a_client_certificate_that_is_refused_is_a_refusal_by_either_version_of_tls() {
    use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode, SslVersion};
    let (own, key) = certificate();
    let giaoban = Giaoban::new();
    let (of_client, of_key) = certificate();
    giaoban.write("client.pem", of_client);
    giaoban.write("client.key", of_key);
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
        acceptor.set_min_proto_version(Some(version)).unwrap();
        acceptor.set_max_proto_version(Some(version)).unwrap();
        acceptor.set_certificate(&openssl::x509::X509::from_pem(own.as_bytes()).unwrap()).unwrap();
        acceptor.set_private_key(&openssl::pkey::PKey::private_key_from_pem(key.as_bytes()).unwrap()).unwrap();
        // Of no authority that it knows.
        acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        let acceptor = acceptor.build();
        let port = listening(move |mut client| {
            client.read_exact(&mut [0; 8]).unwrap();
            client.write_all(b"S").unwrap();
            let rest = client.try_clone().unwrap();
            assert!(acceptor.accept(client).is_err(), "nobody knows that certificate");
            let _ = rest.shutdown(Shutdown::Write);
            let _ = std::io::copy(&mut &rest, &mut std::io::sink());
        });
        let folder = giaoban.dir().display();
        let url = format!(
            "postgres://u@127.0.0.1:{port}/d?sslmode=no-verify&sslcert={folder}/client.pem&sslkey={folder}/client.key"
        );
        let giaoban = Giaoban::new().with("GIAOBAN__STORE__URL", &url);
        let said = giaoban.fails(19, &["worker", "--until-caught-up"]);
        assert!(said.contains("alert") && said.contains("sslcert"), "{said}");
    }
}
