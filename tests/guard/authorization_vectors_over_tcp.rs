//! Every vector of tests/vectors as raw bytes over TCP, to the guard behind hyper; a connection for each.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::net::SocketAddr;
use std::time::Duration;

use common::door::Counted;
use common::vectors::{Answer, Bench, Vector, scope_layer};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use personal_tokens::PersonalTokens;
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::store::MemoryStore;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::Layer as _;

async fn serve(tokens: PersonalTokens, shop: Counted) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let guarded = BearerAuthLayer::new(tokens).layer(scope_layer().layer(shop));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(guarded.clone());
            // An error is the client's: the answer on the wire is what the test reads.
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

fn bytes(vector: &Vector) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\nHost: shop.example\r\n", vector.method, vector.target()).into_bytes();
    for (name, value) in &vector.headers {
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    if !vector.body.is_empty() {
        bytes.extend(format!("Content-Length: {}\r\n", vector.body.len()).into_bytes());
    }
    bytes.extend([b"Connection: close\r\n\r\n", vector.body.as_bytes()].concat());
    bytes
}

/// All that comes back until the connection ends.
async fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

/// An HTTP/1.1 response whose body ends with the connection.
fn parse(response: &[u8], inner_calls: usize) -> Answer {
    let end = response.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line");
    let (head, body) = (std::str::from_utf8(&response[..end]).unwrap(), response[end + 4..].to_vec());
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).expect("a status line");
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').expect("a header line");
        (name.to_owned(), value.trim_matches([' ', '\t']).as_bytes().to_vec())
    });
    Answer { status: status[..3].parse().unwrap(), headers: headers.collect(), body, inner_calls }
}

#[tokio::test]
async fn every_vector_holds_over_tcp() {
    let bench = Bench::over(MemoryStore::new()).await;
    let shop = Counted::default();
    let address = serve(bench.tokens.clone(), shop.clone()).await;
    let answer = async |vector: &Vector| {
        let before = shop.calls();
        let request = bytes(vector);
        let response =
            tokio::time::timeout(Duration::from_secs(60), exchange(address, &request)).await.expect(&vector.id);
        Some(parse(&response, shop.calls() - before))
    };
    assert_eq!(bench.failures(answer).await, []);
}
