//! One table of all peers: `cargo bench -p personal-tokens-peers`.

use std::fs;
use std::hint::black_box;
use std::sync::Arc;

use personal_tokens_benches::{Contest, Row, Table, folder};
use personal_tokens_peers::{FixedBearer, Limits, Peer, for_each_peer, holders};
use serde_json::{Value, json};

const TITLE: &str = "Accepting one of 1,000 credentials, by what people use";
const CREDENTIALS: usize = 1000;

fn main() {
    let mut contest = Contest::new(TITLE);
    for_each_peer!(enter, &mut contest);
    let mut bearer = FixedBearer::new("shop_0123456789", "shop_0123456789");
    contest.case(FixedBearer::NAME, move || assert!(bearer.accept()));

    let table = Table { title: TITLE.to_owned(), rows: one_row_each(contest.run().rows) };
    table.print();
    table.save("peers");

    let mut rows = vec![columns(FixedBearer::NAME, &FixedBearer::LIMITS)];
    for_each_peer!(note, &mut rows);
    save_limits(&rows);
}

fn enter<P: Peer>(contest: &mut Contest) {
    let (peer, credentials) = P::issue(&holders(CREDENTIALS));
    let peer = Arc::new((peer, credentials));

    let (one, mut turn) = (peer.clone(), 0);
    contest.case(P::NAME, move || {
        turn = (turn + 1) % CREDENTIALS;
        accept(&one.0, &one.1[turn]);
    });
    for threads in [1, 2] {
        let each = peer.clone();
        // Far apart, so that the threads judge different credentials.
        contest.threads(P::NAME, threads, move |thread, turn| {
            accept(&each.0, &each.1[(turn as usize + thread * CREDENTIALS / 2) % CREDENTIALS]);
        });
    }
}

#[inline(always)]
fn accept<P: Peer>(peer: &P, credential: &str) {
    assert!(black_box(&peer.accept(black_box(credential))).is_some());
}

/// That of one thread, with the factor of two.
fn one_row_each(rows: Vec<Row>) -> Vec<Row> {
    let (by_threads, mut rows): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| row.name.ends_with(" thread") || row.name.ends_with(" threads"));
    for row in &mut rows {
        let of_two = format!("{}, 2 threads", row.name);
        row.factor = by_threads.iter().find(|other| other.name == of_two).and_then(|two| two.factor);
    }
    rows
}

fn note<P: Peer>(rows: &mut Vec<Value>) {
    rows.push(columns(P::NAME, &P::LIMITS));
}

fn columns(name: &str, Limits { revocation, expiry, comparison }: &Limits) -> Value {
    json!({ "name": name, "revocation": revocation, "expiry": expiry, "comparison": comparison })
}

/// Beside the table.
fn save_limits(rows: &[Value]) {
    let tables = json!([{ "title": "What each does not do", "rows": rows }]);
    fs::write(folder().join("peers-limits.json"), serde_json::to_vec_pretty(&tables).unwrap()).unwrap();
}
