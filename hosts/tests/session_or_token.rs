//! An API that opens to a session's cookie or to a token: the token is judged first, what manages tokens opens to the
//! session alone, and who has neither is refused as the guard refuses.

mod common;

#[allow(dead_code)]
#[path = "../examples/session_or_token.rs"]
mod example;

use std::net::SocketAddr;

use common::remote_store::{Fault, Method};
use common::{Answer, OWNER, Shop, get, listen, send};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION};
use personal_tokens::OwnerId;
use personal_tokens::store::ListQuery;

const API: &str = "/api/products";
const SETUP: &str = "/setup/tokens";

async fn serve(shop: &Shop) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(example::run(listener, shop.tokens.clone(), std::future::pending()));
    address
}

/// With these cookies and lines of `Authorization`.
async fn ask(address: SocketAddr, path: &str, cookie: Option<&str>, authorization: &[&str]) -> Answer {
    let mut request = Request::get(path);
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, cookie);
    }
    for authorization in authorization {
        request = request.header(AUTHORIZATION, *authorization);
    }
    send(address, request, "").await
}

async fn post(address: SocketAddr, path: &str, cookie: Option<&str>, form: &str) -> Answer {
    let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = match cookie {
        Some(cookie) => request.header(COOKIE, cookie),
        None => request,
    };
    send(address, request, form).await
}

async fn sign_in(address: SocketAddr, cookie: Option<&str>) -> String {
    let answer = post(address, "/sign-in", cookie, "user=ada&password=tea").await;
    let cookie = answer.header("set-cookie").expect("a session");
    for attribute in ["HttpOnly", "SameSite=Lax", "Secure"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute}: {cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

const ADA: &str = "the products of ada";

fn script(name: &str) -> String {
    format!("the products of {OWNER}, for the script {name}")
}

#[tokio::test]
async fn a_script_needs_a_token_as_if_there_were_no_sessions() {
    for shop in Shop::both() {
        let address = serve(&shop).await;
        shop.check_over_http(&shop.cases().await, address, API, &script("reader")).await;
    }
}

#[tokio::test]
async fn a_session_opens_what_no_token_was_sent_to_and_a_token_beats_it() {
    for shop in Shop::both() {
        let address = serve(&shop).await;
        let session = sign_in(address, None).await;
        for case in shop.cases().await {
            shop.prepare(&case);
            let authorization: Vec<&str> = case.authorization.as_deref().into_iter().collect();
            let answer = ask(address, API, Some(&session), &authorization).await;
            let expected = match case.status {
                200 => (200, script("reader")),
                // Its owner is another, so it is plain who was taken for whom.
                _ if authorization.is_empty() => (200, ADA.to_owned()),
                status => (status, String::new()),
            };
            assert_eq!((answer.status, answer.body.clone()), expected, "{case}");
            assert_eq!(answer.header("vary").as_deref(), Some("authorization"), "{case}");
            let cache = if answer.status == 200 { "private" } else { "no-store" };
            assert_eq!(answer.header("cache-control").as_deref(), Some(cache), "{case}");
        }
        let basic = ask(address, API, Some(&session), &["Basic YWRhOnRlYQ=="]).await;
        assert_eq!((basic.status, &*basic.body), (200, ADA), "no token was sent");
        let twice = ask(address, API, Some(&session), &["Bearer a", "Bearer b"]).await;
        assert_eq!(twice.status, 400, "nobody knows which was meant");
    }
}

#[tokio::test]
async fn a_session_that_is_none_is_refused_with_the_guards_challenge() {
    let [shop, _] = Shop::both();
    let address = serve(&shop).await;
    let planted = sign_in(address, None).await;
    let session = sign_in(address, Some(&planted)).await;
    assert_eq!(ask(address, API, Some(&session), &[]).await.body, ADA);
    for cookie in ["id=", "id=nonsense", "id=AAAAAAAAAAAAAAAAAAAAAA", "di=x", &planted] {
        let answer = ask(address, API, Some(cookie), &[]).await;
        let challenge = answer.header("www-authenticate");
        assert_eq!((answer.status, challenge.as_deref()), (401, Some(r#"Bearer realm="the shop""#)), "{cookie}");
    }
    let wrong = post(address, "/sign-in", None, "user=ada&password=coffee").await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (403, None));
}

#[tokio::test]
async fn what_manages_tokens_opens_to_a_session_and_to_no_token() {
    for shop in Shop::both() {
        let address = serve(&shop).await;
        for case in shop.cases().await {
            shop.prepare(&case);
            let authorization: Vec<&str> = case.authorization.as_deref().into_iter().collect();
            let page = ask(address, SETUP, None, &authorization).await;
            assert_eq!((page.status, page.header("location").as_deref()), (303, Some("/sign-in")), "{case}");
            let request = Request::post(SETUP).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let request = authorization.iter().fold(request, |request, line| request.header(AUTHORIZATION, *line));
            let made = send(address, request, "name=stolen").await;
            assert_eq!((made.status, made.header(LOCATION.as_str()).as_deref()), (303, Some("/sign-in")), "{case}");
        }
        if let Some(remote) = &shop.remote {
            remote.work();
        }
        for owner in [OWNER, "ada"] {
            let kept = shop.tokens.list(&OwnerId::new(owner).unwrap(), ListQuery::all()).await.unwrap();
            assert!(kept.tokens.iter().all(|record| record.name.as_str() != "stolen"), "{owner}");
        }
    }
}

#[tokio::test]
async fn a_token_that_a_person_made_works_for_that_person() {
    for shop in Shop::both() {
        let address = serve(&shop).await;
        let session = sign_in(address, None).await;
        let made = post(address, SETUP, Some(&session), "name=Till").await;
        let token = made.body.trim_end().strip_prefix("copy it now: ").expect("shown once").to_owned();
        assert_eq!((made.status, made.header("cache-control").as_deref()), (200, Some("no-store")));
        let answer = get(address, API, Some(&format!("Bearer {token}"))).await;
        assert_eq!((answer.status, &*answer.body), (200, "the products of ada, for the script Till"));

        let taken = post(address, SETUP, Some(&session), "name=Till").await;
        assert_eq!((taken.status, taken.body.contains("shop_")), (422, false), "the name is taken");
        let page = ask(address, SETUP, Some(&session), &[]).await;
        assert_eq!((page.status, page.body.lines().count(), page.body.contains(&token)), (200, 1, false));

        if let Some(remote) = &shop.remote {
            for (method, call) in [(Method::List, "GET"), (Method::Change, "POST")] {
                remote.fail(method, Fault::Unavailable);
                let answer = match call {
                    "GET" => ask(address, SETUP, Some(&session), &[]).await,
                    _ => post(address, SETUP, Some(&session), "name=Second").await,
                };
                assert_eq!(answer.status, 503, "{call}");
            }
        }
    }
}
