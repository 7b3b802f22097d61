//! What a node does, in its own process.

use std::sync::Arc;

use personal_tokens::store::{CachedStore, PostgresStore};
use personal_tokens::{
    ChangeError, ChangeRefused, Duration, Issued, NewToken, OwnerId, PersonalTokens, Rejection, Rotation, TokenChange,
    VerifyError,
};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::super::child::{file_and_role, say};
use super::watch::Watch;
use super::{Settings, now};

/// Serves whoever started it, until they are gone. At once where the test runs as one of many.
pub async fn serve() {
    let Some((url, words)) = file_and_role() else { return };
    let settings = Settings::from_words(url.into_os_string().into_string().unwrap(), &words);
    let tokens = open(&settings).await;
    let watch = Arc::new(Watch::over(tokens.clone()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    say(&listener.local_addr().unwrap().port().to_string());
    let (from, mut to) = listener.accept().await.unwrap().0.into_split();
    let (answers, mut answered) = mpsc::unbounded_channel::<String>();
    let answering = tokio::spawn(async move {
        while let Some(answer) = answered.recv().await {
            if to.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    });
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let (tokens, watch, answers) = (tokens.clone(), Arc::clone(&watch), answers.clone());
        tokio::spawn(async move {
            let words: Vec<&str> = line.split(' ').collect();
            let start = now();
            let answer = answer(&tokens, &watch, &words[1..]).await;
            // Who asked may be gone.
            let _ = answers.send(format!("{} {start} {} {answer}\n", words[0], now()));
        });
    }
    answering.abort();
}

async fn open(settings: &Settings) -> PersonalTokens {
    let store = PostgresStore::connect(&settings.url).await.unwrap().deadline(settings.deadline);
    let cached = Arc::new(CachedStore::builder(store).max_staleness(settings.max_staleness).build());
    if let Some(follow) = &settings.follow {
        let follower = cached.inner().follower(follow.parse().unwrap()).heartbeat(settings.heartbeat);
        tokio::spawn(follower.follow(Arc::clone(&cached), std::future::pending()));
    }
    PersonalTokens::builder(cached).prefix("shop").max_active_per_owner(None).build().unwrap()
}

async fn answer(tokens: &PersonalTokens, watch: &Watch, words: &[&str]) -> String {
    let owner = |owner: &str| OwnerId::new(owner).unwrap();
    match *words {
        ["issue", of, name] => match tokens.issue(NewToken::new(owner(of), name)).await {
            Ok(issued) => format!("done {} {}", issued.record.id, issued.token.expose()),
            Err(error) => of_change(&error),
        },
        ["rename", of, id, name] => {
            match tokens.update(&owner(of), id.parse().unwrap(), TokenChange::new().name(name)).await {
                Ok(_) => "done".to_owned(),
                Err(error) => of_change(&error),
            }
        }
        ["rotate", of, id, grace] => {
            let grace = Duration::milliseconds(grace.parse().unwrap());
            match tokens.rotate(&owner(of), id.parse().unwrap(), Rotation::new().grace(grace)).await {
                Ok(Issued { token, record, .. }) => {
                    let grace_ends = record.created.saturating_add(grace).as_micros();
                    format!("done {} {} {grace_ends} {}", record.id, token.expose(), record.name)
                }
                Err(error) => of_change(&error),
            }
        }
        ["revoke", of, id] => match tokens.revoke(&owner(of), id.parse().unwrap()).await {
            Ok(_) => "done".to_owned(),
            Err(error) => of_change(&error),
        },
        ["revoke_all", of] => match tokens.revoke_all(&owner(of)).await {
            Ok(_) => "done".to_owned(),
            Err(error) => of_change(&error),
        },
        ["verify", ref presented @ ..] => {
            let mut verdicts = Vec::new();
            for token in presented {
                let start = now();
                let verdict = verdict(tokens, token).await;
                verdicts.push(format!("{start},{},{verdict}", now()));
            }
            verdicts.join(" ")
        }
        ["watch", token] => watch.begin(token).await,
        ["refused", token] => watch.refused(token).await,
        ["forget", token] => watch.end(token),
        _ => panic!("{words:?}"),
    }
}

async fn verdict(tokens: &PersonalTokens, token: &str) -> String {
    match tokens.verify(token).await {
        Ok(verified) => format!("accepted,{}", verified.name()),
        Err(VerifyError::Rejected(rejection)) => word(rejection).to_owned(),
        Err(_) => "failed".to_owned(),
    }
}

fn of_change(error: &ChangeError) -> String {
    match error {
        ChangeError::Refused(ChangeRefused::NotFound) => "not_found".to_owned(),
        ChangeError::Refused(ChangeRefused::Ended(_)) => "ended".to_owned(),
        ChangeError::Refused(refused) => panic!("{refused:?}"),
        _ => failed(error),
    }
}

fn failed(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| source.to_string()).unwrap_or_default();
    format!("failed {error}: {source}").replace('\n', " ")
}

fn word(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::Unknown => "absent",
        Rejection::Revoked => "revoked",
        Rejection::Rotated => "rotated",
        other => panic!("{other:?}"),
    }
}
