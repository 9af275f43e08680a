//! What a browser, a program and a probe get, over a real connection.

mod connections;
mod operations;

use std::net::SocketAddr;
use std::path::Path as FsPath;
use std::thread::JoinHandle;

use axum::extract::Request;
use axum::http::{StatusCode, header};
use jiff::civil::{Date, date};
use tokio::sync::oneshot;

use super::limits::{ANSWERS_WITHIN, READS_AT_A_TIME};
use super::*;
use crate::domain::{Calendar, Rules, UnitTable};
use crate::report::Caveats;
use crate::report::fixture;
use crate::store::ReadFigures as _;
use crate::store::sqlite::SqliteStore;
use crate::store::{StoreError, StoreReader};

struct Well(bool);

impl Watched for Well {
    fn metrics(&self) -> String {
        "giaoban_build_info 1\n".into()
    }
    fn not_live(&self) -> Vec<String> {
        Vec::new()
    }
    fn not_ready(&self) -> Vec<String> {
        if self.0 { Vec::new() } else { vec!["the store is away".into()] }
    }
    fn not_started(&self) -> Vec<String> {
        if self.0 { Vec::new() } else { vec!["it waits".into()] }
    }
    fn remarks(&self) -> Vec<String> {
        vec!["partition 3 is held".into()]
    }
}

fn state(watched: impl Watched + 'static, figures: Option<Figures>) -> WebState {
    let hosts = KnownHosts::new("127.0.0.1:0", ["giaoban.example"]);
    WebState { watched: Arc::new(watched), metrics: true, figures, hosts }
}

/// A server on a port of its own, until it is dropped.
struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn of(watched: impl Watched + 'static, figures: Option<Figures>) -> Self {
        Self::within(ConnectionLimits::default(), watched, figures)
    }

    fn within(limits: ConnectionLimits, watched: impl Watched + 'static, figures: Option<Figures>) -> Self {
        let state = state(watched, figures);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let thread = std::thread::spawn(move || runtime.block_on(serve(listener, state, limits, shutdown)));
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    fn with_figures(store: &FsPath) -> Self {
        Self::of(Well(true), Some(figures(store, fixture::rules())))
    }

    fn send(&self, method: &str, path: &str) -> Answer {
        // No connection is kept, so that the server may stop.
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("connection", "close")
            .body(())
            .unwrap();
        let mut response = agent.run(request).unwrap();
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        Answer {
            status: response.status().as_u16(),
            content_type: header("content-type"),
            policy: header("content-security-policy"),
            body: response.body_mut().read_to_string().unwrap(),
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// In the quarter of the last record of the small city.
fn today() -> Date {
    date(2020, 12, 20)
}

fn figures(store: &FsPath, rules: Arc<Rules>) -> Figures {
    let path = store.to_owned();
    let open = move || SqliteStore::read(&path).map(|store| Box::new(store) as Box<dyn StoreReader>);
    Figures { rules, open: Arc::new(open), today }
}

struct Answer {
    status: u16,
    content_type: String,
    policy: String,
    body: String,
}

/// A server over the small city, with its folder.
fn city() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(fixture::store(&path, true));
    let server = Server::with_figures(&path);
    (folder, server)
}

/// Every link of a page, as it is followed.
fn links(page: &str) -> Vec<String> {
    page.split("href=\"").skip(1).map(|rest| rest[..rest.find('"').unwrap()].replace("&#38;", "&")).collect()
}

#[test]
fn probes_answer_with_a_word_and_why_a_line_each_and_metrics_with_text() {
    for (well, status, started, ready) in
        [(true, 200, "ok\n", "ok\n"), (false, 503, "not ok\nit waits\n", "not ok\nthe store is away\n")]
    {
        let server = Server::of(Well(well), None);
        let answer = server.get("/startupz");
        assert_eq!((answer.status, answer.body.as_str()), (status, started));
        let answer = server.get("/readyz");
        assert_eq!((answer.status, answer.body), (status, format!("{ready}partition 3 is held\n")));
        let answer = server.get("/livez");
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"));
        let metrics = server.get("/metrics");
        assert_eq!(metrics.body, "giaoban_build_info 1\n");
        assert!(metrics.content_type.starts_with("text/plain"));
        assert_eq!(server.get("/").status, 404);
    }
}

#[tokio::test]
async fn where_metrics_have_an_address_of_their_own_the_pages_have_none_and_both_have_health() {
    let folder = tempfile::tempdir().unwrap();
    let pages = WebState { metrics: false, ..state(Well(true), Some(figures(folder.path(), fixture::rules()))) };
    let (pages, metrics) = (router(pages, ANSWERS_WITHIN), router(state(Well(true), None), ANSWERS_WITHIN));
    for probe in ["/livez", "/readyz", "/startupz"] {
        assert_eq!(ask(pages.clone(), probe).await.0, StatusCode::OK);
        assert_eq!(ask(metrics.clone(), probe).await.0, StatusCode::OK);
    }
    assert_eq!(ask(pages, "/metrics").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(metrics.clone(), "/metrics").await.0, StatusCode::OK);
    assert_eq!(ask(metrics, "/").await.0, StatusCode::NOT_FOUND);
}

#[test]
fn every_link_of_every_page_leads_somewhere() {
    let (_folder, server) = city();
    let mut seen = std::collections::BTreeSet::new();
    let mut next = vec!["/".to_owned(), "/?period=2020-Q4".to_owned()];
    while let Some(path) = next.pop() {
        if path.starts_with('#') || !seen.insert(path.clone()) {
            continue;
        }
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        if answer.content_type.starts_with("text/html") {
            // From the records, which are many, only those of the first page's units are followed on.
            next.extend(links(&answer.body).into_iter().filter(|link| {
                !path.starts_with("/units/") || link.contains("supervision_sessions") || !link.starts_with("/records")
            }));
        }
    }
    assert!(seen.iter().any(|path| path.starts_with("/units/dissolved")));
    assert!(seen.len() > 100, "{}", seen.len());
}

#[test]
fn the_first_page_shows_the_newest_quarter_and_says_that_figures_are_made_up() {
    let (_folder, server) = city();
    let answer = server.get("/");
    assert_eq!(answer.content_type, "text/html; charset=utf-8");
    assert!(answer.body.contains("<h1>Thành phố Hà Nội – quý I năm 2021</h1>"));
    assert!(answer.body.contains(&*crate::text::report::synthetic().vi));
    let english = server.get("/?period=2020-Q4&lang=en");
    assert!(english.body.contains("<html lang=\"en\">"));
    assert!(english.body.contains("quarter 4 of 2020"));
    assert!(english.body.contains(&*crate::text::report::synthetic().en));
}

#[test]
fn a_quarter_that_has_not_begun_is_listed_but_takes_the_first_page_from_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(fixture::store(&path, true));
    let on = |today: fn() -> Date| {
        let server = Server::of(Well(true), Some(Figures { today, ..figures(&path, fixture::rules()) }));
        assert!(server.get("/").body.contains("2021-Q1"), "it is listed");
        let rollup: serde_json::Value = serde_json::from_str(&server.get("/v1/rollup").body).unwrap();
        rollup["period"].as_str().unwrap().to_owned()
    };
    assert_eq!(on(|| date(2020, 12, 14)), "2020-Q4");
    assert_eq!(on(|| date(2020, 12, 15)), "2021-Q1", "its first day");
    assert_eq!(on(|| date(2019, 1, 1)), "2020-Q3", "none has begun: the first that will");
}

#[test]
fn pages_are_as_they_were_looked_at() {
    let (_folder, server) = city();
    let main = |path: &str| {
        let body = server.get(path).body;
        body[body.find("<main").unwrap()..].to_owned()
    };
    insta::assert_snapshot!("overview", main("/?period=2020-Q4"));
    insta::assert_snapshot!("unit", main("/units/277?period=2020&lang=en"));
    insta::assert_snapshot!("records", main("/records?period=2020-Q4&unit=01&figure=money_recovered_vnd"));
    insta::assert_snapshot!("records_with_a_form", main("/records?period=2020-Q4&unit=00013&figure=land_other_m2"));
    insta::assert_snapshot!("overlaps", main("/overlaps?period=2020-Q4"));
    insta::assert_snapshot!("no_overlaps", main("/overlaps?period=2020-Q3&lang=en"));
    insta::assert_snapshot!("records_of_units", main("/records?period=2020-Q4&unit=001&figure=units_reported"));
}

#[test]
fn programs_get_what_the_command_prints() {
    let (folder, server) = city();
    let mut store = SqliteStore::read(&folder.path().join("store")).unwrap();
    let period: crate::domain::Period = "2020-Q4".parse().unwrap();
    let rules = fixture::rules();
    let cells = store.cells(&period.quarters(), &rules).unwrap();
    let rollup = crate::rollup::Rollup::of(period, Some("001"), &cells, &rules).unwrap();
    let json = server.get("/v1/rollup?period=2020-Q4&unit=001");
    assert_eq!((json.status, json.content_type.as_str()), (200, "application/json"));
    assert_eq!(json.body, crate::report::json::rollup_json(&rollup, Caveats { synthetic: true, gone: 0 }));
    let csv = server.get("/v1/rollup?period=2020-Q4&unit=001&format=csv");
    assert_eq!((csv.status, csv.content_type.as_str()), (200, "text/csv; charset=utf-8"));
    assert_eq!(csv.body, crate::report::csv::rollup_csv(&rollup, Caveats { synthetic: true, gone: 0 }));
}

#[test]
fn what_is_not_there_is_answered_with_what_there_is() {
    let (_folder, server) = city();
    for (path, there_is) in [
        ("/?period=2019-Q1", "2020-Q4"),
        ("/?period=x", "2020-Q4"),
        ("/units/99999?period=2020-Q4", "Thành phố Hà Nội"),
        ("/records?period=2020-Q4&unit=01&figure=nothing", "supervision_sessions"),
        ("/records?period=2020-Q4&unit=zz&figure=participants", "Thành phố Hà Nội"),
        ("/nowhere", "Địa chỉ này không có trang nào."),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains(there_is), "{path}: {}", answer.body);
    }
    let answer = server.get("/v1/rollup?period=2020-Q4&format=xml");
    assert_eq!((answer.status, answer.content_type.as_str()), (404, "application/json"));
    let error: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(error["choices"], serde_json::json!(["json", "csv"]));
}

#[test]
fn a_figure_of_a_code_that_was_two_units_leads_to_the_records_of_its_own_unit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let units = "code,name,kind,parent_code,valid_from,valid_to\n\
                 01,Thành phố Hà Nội,city,,2020-01-01,\n\
                 00004,Phường Trúc Bạch,ward,01,2020-01-01,2025-06-30\n\
                 00004,Phường Ba Đình,ward,01,2025-07-01,\n";
    let units = UnitTable::from_csv(units, "from_code,to_code,effective_on,extent,basis\n").unwrap();
    let rules = Arc::new(Rules::new(units, Calendar::Decree09));
    drop(fixture::store_of(&path, &rules, fixture::two_wards_of_one_code(), true));
    let server = Server::of(Well(true), Some(figures(&path, rules)));

    let page = server.get("/units/00004?period=2025-Q3").body;
    let totals: Vec<String> = links(&page)
        .into_iter()
        .filter(|link| link.contains("figure=participants") && link.contains("since="))
        .map(|link| {
            let body = server.get(&link).body;
            let name = if body.contains("– Phường Trúc Bạch</h1>") { "Trúc Bạch" } else { "Ba Đình" };
            let total = body.split("<strong>").nth(1).unwrap().split('<').next().unwrap();
            format!("{name} {total}")
        })
        .collect();
    assert!(totals.contains(&"Trúc Bạch 30".to_owned()) && totals.contains(&"Ba Đình 40".to_owned()), "{totals:?}");
    assert_eq!(totals.iter().collect::<std::collections::BTreeSet<_>>().len(), 2, "{totals:?}");
    // An address without the day is answered with both.
    let both = server.get("/records?period=2025-Q3&unit=00004&figure=participants");
    assert_eq!(both.status, 404);
    assert_eq!(links(&both.body).iter().filter(|link| link.contains("since=")).count(), 2, "{}", both.body);
}

#[test]
fn markup_in_an_address_stays_text() {
    let (_folder, server) = city();
    for path in ["/?period=%3Cb%3E", "/units/%3Cb%3E", "/records?figure=%3Cb%3E"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("<b>"), "{path}");
    }
}

#[test]
fn a_store_without_records_is_a_page_for_people_and_no_figures_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    SqliteStore::create(&path).unwrap();
    let server = Server::with_figures(&path);
    assert_eq!(server.get("/").status, 200);
    let answer = server.get("/v1/rollup");
    assert_eq!(answer.status, 404);
    let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert!(told["error"].is_string(), "{told}");
}

#[test]
fn a_store_that_is_not_there_is_answered_with_the_command_that_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with_figures(&folder.path().join("none"));
    let answer = server.get("/");
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("giaoban worker"));
    assert_eq!(server.get("/v1/rollup?period=2020-Q4").status, 503);
    assert_eq!(server.get("/readyz").status, 200);
}

/// Figures whose store opens when the sender is dropped, and not before.
fn held_up() -> (std::sync::mpsc::Sender<()>, Figures) {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let open = move || {
        let _ = held.lock().unwrap().recv();
        Err(StoreError::Missing { at: "none".into() })
    };
    (release, Figures { rules: fixture::rules(), open: Arc::new(open), today })
}

/// What the router answers, with its `Retry-After`.
async fn ask(router: Router, path: &str) -> (StatusCode, bool) {
    let request =
        Request::builder().uri(path).header(header::HOST, "localhost").body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    (response.status(), response.headers().contains_key(header::RETRY_AFTER))
}

#[tokio::test]
async fn more_questions_than_can_be_answered_at_a_time_are_turned_away() {
    let (release, figures) = held_up();
    let router = router(state(Well(true), Some(figures)), ANSWERS_WITHIN);
    let waiting: Vec<_> = (0..READS_AT_A_TIME).map(|_| tokio::spawn(ask(router.clone(), "/"))).collect();
    // The runtime has one thread: when it comes back here, each of them has its room.
    tokio::task::yield_now().await;
    assert_eq!(ask(router.clone(), "/v1/rollup").await, (StatusCode::SERVICE_UNAVAILABLE, true));
    assert_eq!(ask(router.clone(), "/livez").await, (StatusCode::OK, false));
    drop(release);
    for answer in waiting {
        assert_eq!(answer.await.unwrap(), (StatusCode::SERVICE_UNAVAILABLE, false), "the store is not there");
    }
    assert!(!ask(router, "/").await.1, "there is room again");
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let (_release, figures) = held_up();
    let router = router(state(Well(true), Some(figures)), Duration::from_millis(1));
    assert_eq!(ask(router, "/").await, (StatusCode::SERVICE_UNAVAILABLE, true));
}

#[test]
fn nothing_can_be_sent_and_nothing_comes_from_elsewhere() {
    let (_folder, server) = city();
    for path in ["/", "/records", "/v1/rollup", "/metrics"] {
        assert_eq!(server.send("POST", path).status, 405, "{path}");
    }
    for path in ["/", "/nowhere", "/metrics"] {
        let answer = server.get(path);
        assert!(answer.policy.starts_with("default-src 'none';"), "{path}");
        assert!(!answer.body.contains("<script"), "{path}");
    }
}

#[test]
fn a_page_never_says_where_the_store_is() {
    let at = || "giaoban_writer@db.intern.example:5432/giaoban /srv/giaoban/store-1.db".to_owned();
    let cause = || crate::failure::Cause::new("could not open /srv/giaoban/store-1.db for giaoban_writer at 10.1.2.3");
    let errors = [
        StoreError::Unreachable { at: at(), cause: cause() },
        StoreError::Login { at: at(), cause: cause() },
        StoreError::NoDatabase { at: at(), cause: cause() },
        StoreError::Damaged { at: at(), cause: cause() },
        StoreError::Unwritable { at: at(), cause: cause() },
        StoreError::Unavailable { at: at(), cause: cause() },
        StoreError::BrokenOff { at: at(), cause: cause() },
        StoreError::Newer { at: at(), found: 9, known: 1 },
        StoreError::Locked { at: at(), by: "4711".into() },
        StoreError::Missing { at: at() },
        StoreError::Switched { at: at() },
    ];
    for error in errors {
        let told = error.clone();
        let open = move || Err(told.clone());
        let server = Server::of(Well(true), Some(Figures { rules: fixture::rules(), open: Arc::new(open), today }));
        for path in
            ["/", "/?lang=en", "/units/01", "/records?figure=participants", "/v1/rollup", "/v1/rollup?format=csv"]
        {
            let answer = server.get(path);
            assert!(answer.status >= 500, "{path}: {} of {error}", answer.status);
            for secret in ["giaoban_writer", "intern", "5432", "/srv", "store-1", "10.1.2.3", "4711"] {
                assert!(!answer.body.contains(secret), "{path} says {secret} of {error}: {}", answer.body);
            }
        }
    }
}
