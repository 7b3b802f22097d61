//! The main job on real input: the shop's binary, its standard input, and curl.
//! The one place that waits for real time to pass, with a deadline.
#![cfg(all(feature = "management", feature = "sqlite", feature = "tokio", unix))]

#[path = "common/folder.rs"]
mod folder;
#[path = "common/shop_process.rs"]
mod shop_process;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use folder::Folder;
use serde_json::Value;
use shop_process::{Answer, Shop};

const REALM: &str = r#"Bearer realm="The shop's API""#;

#[test]
fn the_first_start_prints_a_token_and_curl_lines_that_work_as_they_stand() {
    let shop = Shop::start();
    let lines: Vec<&str> = shop.greeting.iter().filter_map(|line| line.strip_prefix("  ")).collect();
    assert_eq!(lines.len(), 4, "{:?}", shop.greeting);

    let answers: Vec<Answer> = lines.iter().map(|line| Answer::of_shell(line)).collect();
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 201, 200, 403]);
    assert_eq!(answers[0].json(), serde_json::json!({ "products": [] }));
    assert_eq!(answers[1].json(), serde_json::json!({ "name": "Tea" }));
    assert_eq!(shop.get("/api/products", &shop.first_token()).json(), serde_json::json!({ "products": ["Tea"] }));
}

#[test]
fn whoami_tells_id_name_owner_scopes_and_expiry() {
    let mut shop = Shop::start();
    let issued = shop.issue(r#"issue "Shopify sync" products:write,products:read 30d"#);
    let me = shop.get("/api/whoami", &issued.token).json();
    assert_eq!(me["id"], issued.id.as_str());
    assert_eq!(me["name"], "Shopify sync");
    assert_eq!(me["owner"], "store-42");
    assert_eq!(me["scopes"], serde_json::json!(["products:read", "products:write"]));
    assert!(me["expiry"].as_str().unwrap().ends_with('Z'), "{me}");

    let forever = shop.issue("issue forever");
    let me = shop.get("/api/whoami", &forever.token).json();
    assert_eq!((&me["expiry"], &me["scopes"]), (&Value::Null, &serde_json::json!(["products:read"])));
}

#[test]
fn each_kind_of_refusal_has_its_status_and_challenge() {
    let mut shop = Shop::start();
    let read_only = shop.issue("issue reader products:read");
    let revoked = shop.issue("issue revoked");
    shop.command(format!("revoke {}", revoked.id));
    let rotated = shop.issue("issue rotated");
    assert!(shop.command(format!("rotate {} 0s", rotated.id)).contains("it is refused from now on"));

    let bearer = |token: &str| vec![format!("Authorization: Bearer {token}")];
    let unknown = Shop::start().first_token();

    let invalid = format!(r#"{REALM}, error="invalid_token""#);
    let cases: Vec<(Vec<String>, u16, String)> = vec![
        (vec![], 401, REALM.to_owned()),
        (vec!["Authorization;".to_owned()], 401, REALM.to_owned()),
        (vec!["Authorization: Basic b3duZXI6c2VjcmV0".to_owned()], 401, REALM.to_owned()),
        (bearer("nonsense"), 401, invalid.clone()),
        (bearer(&unknown), 401, invalid.clone()),
        (bearer(&read_only.token.replace("shop_", "stop_")), 401, invalid.clone()),
        (bearer(&revoked.token), 401, format!(r#"{invalid}, error_description="the token was revoked""#)),
        (bearer(&rotated.token), 401, format!(r#"{invalid}, error_description="the token was rotated""#)),
        (
            [bearer(&read_only.token), bearer(&read_only.token)].concat(),
            400,
            format!(
                r#"{REALM}, error="invalid_request", error_description="the credentials are given more than once""#
            ),
        ),
        (
            bearer("two words"),
            400,
            format!(
                r#"{REALM}, error="invalid_request", error_description="the credentials are not Bearer and one token""#
            ),
        ),
    ];
    for (headers, status, challenge) in cases {
        let answer = shop.request("GET", "/api/products", &headers);
        assert_eq!((answer.status, answer.header("www-authenticate")), (status, vec![challenge]), "{headers:?}");
        assert_eq!(answer.header("cache-control"), ["no-store"]);
        assert_eq!(answer.body, "");
    }

    let answer = shop.request("POST", "/api/products", &bearer(&read_only.token));
    let challenge = format!(r#"{REALM}, error="insufficient_scope", scope="products:write""#);
    assert_eq!((answer.status, answer.header("www-authenticate")), (403, vec![challenge]));
}

#[test]
fn no_token_opens_the_sell_screen_nor_a_path_that_is_not_there() {
    let shop = Shop::start();
    assert_eq!(shop.get("/sell", &shop.first_token()).status, 403);
    assert_eq!(shop.get("/nowhere", &shop.first_token()).status, 404);
    // The query and a form are never read.
    let in_query = format!("/api/products?access_token={}", shop.first_token());
    assert_eq!(shop.request("GET", &in_query, &[]).status, 401);
}

#[test]
fn a_token_of_two_seconds_works_expires_and_works_again_once_extended() {
    let mut shop = Shop::start();
    // A loaded machine may take two seconds to ask: such a token shows nothing, the next one may.
    let issued = (0..10).find_map(|n| {
        let issued = shop.issue(&format!("issue \"short {n}\" products:read 2s"));
        (shop.get("/api/products", &issued.token).status == 200).then_some(issued)
    });
    let issued = issued.expect("one of ten works before it expires");

    let refused = shop_process::poll("the token expires", || {
        let answer = shop.get("/api/products", &issued.token);
        (answer.status != 200).then_some(answer)
    });
    let challenge = format!(r#"{REALM}, error="invalid_token", error_description="the token expired""#);
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, vec![challenge]));
    assert!(shop.command("list").contains(&format!("{} expired", issued.id)));

    let extended = shop.command(format!("extend {} 30d", issued.id));
    assert!(extended.starts_with(&format!("extended {}: expires 2", issued.id)), "{extended}");
    assert_eq!(shop.get("/api/products", &issued.token).status, 200);

    assert!(shop.command(format!("extend {} never", issued.id)).ends_with("expires never"));
    assert_eq!(shop.get("/api/products", &issued.token).status, 200);
}

#[test]
fn after_a_rotation_with_grace_both_work_and_a_revoke_ends_both() {
    let mut shop = Shop::start();
    let old = shop.issue("issue sync products:read,products:write 30d");
    let said = shop.command(format!("rotate {} 24h", old.id));
    assert!(said.starts_with(&format!("rotated {}; it works until 2", old.id)), "{said}");
    let new = shop_process::IssuedToken::of(&said);
    assert_ne!(old.token, new.token);
    assert_eq!(shop.get("/api/products", &old.token).status, 200);
    assert_eq!(shop.get("/api/products", &new.token).status, 200);
    let list = shop.command("list");
    assert!(list.contains(&format!("{} in grace", old.id)) && list.contains(&format!("{} active", new.id)), "{list}");

    shop.command(format!("revoke {}", new.id));
    assert_eq!(shop.get("/api/products", &new.token).status, 401);
    assert_eq!(shop.get("/api/products", &old.token).status, 401);
    assert!(shop.command(format!("extend {} 30d", new.id)).starts_with("error: the token is revoked"));
}

#[test]
fn commands_that_make_no_sense_say_so_and_change_nothing() {
    let mut shop = Shop::start();
    let before = shop.command("list");
    for (command, answer) in [
        ("issue \"First script\"", "error: the name is taken"),
        ("issue x products:delete", "error: the scope products:delete is not offered; these are: products:read"),
        ("issue x products:read 5w", "error: \"5w\" is no span of time"),
        ("issue x 0s", "error: the expiry"),
        ("issue x 99999999999999d", "error:"),
        ("revoke AAAAAAAAAAAAAAAA", "error: no such token"),
        ("revoke no-id", "error: a token id is 16 characters"),
        ("rotate AAAAAAAAAAAAAAAA 8d", "error: no such token"),
        ("frobnicate", "error: this is no command"),
        ("issue", "error: it is used so: issue NAME"),
        ("issue \"no end", "error: a quote is not closed"),
    ] {
        let said = shop.command(command);
        assert!(said.starts_with(answer), "{command}: {said}");
    }
    assert_eq!(shop.command(b"issue \xff\xfe"), "error: this line is not UTF-8");
    assert_eq!(shop.command("list"), before);
    assert!(shop.command("help").contains("rotate ID GRACE"));
}

#[test]
fn a_taken_port_is_said_in_one_sentence_with_a_failing_exit() {
    let shop = Shop::start();
    let second = Shop::command_line(&shop.addr).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success());
    assert_eq!(
        said,
        format!(
            "cannot listen on {}: another program does already; stop it, or set SHOP_ADDR to a free address\n",
            shop.addr
        )
    );
}

#[test]
fn the_end_of_input_does_not_stop_it_and_sigterm_and_ctrl_c_do() {
    for signal in ["TERM", "INT"] {
        let mut shop = Shop::start();
        shop.close_stdin();
        assert_eq!(shop.get("/api/products", &shop.first_token()).status, 200);
        shop.send(signal);
        assert!(shop.stopped().success(), "{signal}");
    }
}

#[test]
fn sigterm_lets_a_request_under_way_have_its_answer() {
    let mut shop = Shop::start();
    let mut client = TcpStream::connect(&shop.addr).unwrap();
    client.write_all(b"GET /sell HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n").unwrap();
    // Connections are accepted in order: an answer to a later one tells that the first is the shop's.
    assert_eq!(shop.request("GET", "/sell", &[]).status, 303);

    shop.send("TERM");
    shop_process::poll("new clients are refused", || TcpStream::connect(&shop.addr).err());
    client.write_all(b"\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer:?}");
    assert!(shop.stopped().success());
}

#[test]
fn connections_that_browsers_keep_do_not_keep_it_from_stopping() {
    let mut shop = Shop::start();
    let connect = |sent: &[u8]| {
        let mut client = TcpStream::connect(&shop.addr).unwrap();
        client.write_all(sent).unwrap();
        client
    };
    let _silent = connect(b"");
    let mut idle = connect(b"GET /sell HTTP/1.1\r\nHost: shop\r\n\r\n");
    let _unfinished = connect(b"GET /sell HTTP/1.1\r\n");
    idle.read_exact(&mut [0; 12]).unwrap();

    shop.send("TERM");
    assert!(shop.stopped().success());
}

#[test]
fn a_later_start_knows_the_tokens_and_says_how_to_get_one() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let mut shop = Shop::start_on(&file);
    let (first, revoked) = (shop.first_token(), shop.issue("issue revoked"));
    shop.command(format!("revoke {}", revoked.id));
    // Used, and killed: what was acknowledged is on the disk all the same.
    assert_eq!(shop.get("/api/products", &first).status, 200);
    shop.send("KILL");
    assert!(!shop.stopped().success());

    let mut shop = Shop::start_on(&file);
    let greeting = shop.greeting.join("\n");
    assert!(greeting.starts_with("there are tokens already"), "{greeting}");
    assert!(greeting.contains("`issue NAME`") && greeting.contains("`rotate ID 24h`"), "{greeting}");
    assert!(!greeting.contains("shop_"), "{greeting}");
    assert_eq!(shop.get("/api/products", &first).status, 200);
    assert_eq!(shop.get("/api/products", &revoked.token).status, 401);

    let new = shop.issue("issue another");
    assert_eq!(shop.get("/api/products", &new.token).status, 200);
    shop.send("TERM");
    assert!(shop.stopped().success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "it closes its one file");

    let mut shop = Shop::start_on(&file);
    let used = shop.command("list").lines().find(|line| line.contains("First script")).map(str::to_owned);
    assert!(used.is_some_and(|line| line.contains("used 2")), "the last flush is kept");
}

#[test]
fn a_file_that_cannot_be_opened_is_said_in_one_sentence_with_a_failing_exit() {
    let folder = Folder::new();
    let text = folder.file("text");
    std::fs::write(&text, "no database, but long enough to be taken for one: ".repeat(20)).unwrap();
    let missing = folder.file("missing").join("shop.db");
    for (file, why) in [
        (
            &text,
            "what the token store holds is corrupt: error returned from database: (code: 26) file is not a database",
        ),
        (&missing, "the token store is unavailable: cannot create the file"),
    ] {
        let shop = Shop::command_line("127.0.0.1:0").env("SHOP_DB", file).output().unwrap();
        let said = String::from_utf8(shop.stderr).unwrap();
        assert!(!shop.status.success());
        assert_eq!(said.lines().count(), 1, "{said}");
        let begins = format!("cannot open {}: {why}", file.display());
        assert!(said.starts_with(&begins), "{said}");
        assert!(said.ends_with("SHOP_DB is to be a file for the tokens, or :memory:\n"), "{said}");
    }
}
