//! Setup -> Personal Tokens once more, by commands on standard input.

use std::io::{self, BufRead as _};

use personal_tokens::store::ListQuery;
use personal_tokens::{
    Duration, Expiry, Issued, NewToken, OwnerId, PersonalTokens, Rotation, Timestamp, TokenChange, TokenId,
    TokenRecord, TokenState,
};
use tokio::sync::mpsc;

use crate::api::READ;
use crate::output::say;
use crate::{Failure, span};

/// For the tokens of one shop.
pub struct Commands {
    pub tokens: PersonalTokens,
    pub owner: OwnerId,
}

const HELP: &str = "\
issue NAME [SCOPES] [30d|2s|never]   a new token; quote a name with spaces; scopes with commas between,
                                     products:read unless said; never expires unless said
list                                 all tokens, newest first
extend ID 30d|never                  let it expire so long from now, or never; an expired one lives again
rotate ID GRACE                      a new token in its place; the old one works for GRACE (0s, 10m, 24h, 7d)
revoke ID                            end it for good
help                                 this";

impl Commands {
    /// The end of the input ends the commands, not the shop.
    pub async fn obey(self) {
        let mut lines = lines_of_stdin();
        while let Some(line) = lines.recv().await {
            match self.command(&line).await {
                Ok(answer) => say(&answer),
                Err(failure) => say(&format!("error: {failure}")),
            }
        }
    }

    async fn command(&self, line: &[u8]) -> Result<String, Failure> {
        let words = words(line)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match *words {
            ["issue", name, ref rest @ ..] => self.issue(name, rest).await,
            ["list"] => self.list().await,
            ["extend", id, expiry] => {
                let change = match parse_expiry(expiry)? {
                    Some(span) => TokenChange::new().expires_in(span),
                    None => TokenChange::new().expiry(Expiry::Never),
                };
                let record = self.tokens.update(&self.owner, id.parse()?, change).await?;
                Ok(format!("extended {}: expires {}", record.id, record.expiry))
            }
            ["rotate", id, grace] => {
                let id: TokenId = id.parse()?;
                let rotation = Rotation::new().grace(span::parse(grace)?);
                let issued = self.tokens.rotate(&self.owner, id, rotation).await?;
                Ok(format!("rotated {id}; {}\n{}", self.rest_of(id).await?, shown_once(&issued)))
            }
            ["revoke", id] => {
                let record = self.tokens.revoke(&self.owner, id.parse()?).await?;
                Ok(format!("revoked {} {:?}", record.id, record.name))
            }
            ["help"] => Ok(HELP.to_owned()),
            [] => Ok(String::new()),
            [command, ..] => match HELP
                .lines()
                .find(|line| line.split(' ').next().is_some_and(|name| name == command && !name.is_empty()))
            {
                Some(usage) => Err(format!("it is used so: {usage}").into()),
                None => Err("this is no command; `help` lists them".into()),
            },
        }
    }

    async fn issue(&self, name: &str, rest: &[&str]) -> Result<String, Failure> {
        let (scopes, expiry) = match *rest {
            [] => (READ, "never"),
            [expiry] if parse_expiry(expiry).is_ok() => (READ, expiry),
            [scopes] => (scopes, "never"),
            [scopes, expiry] => (scopes, expiry),
            _ => return Err("too many words: issue NAME [SCOPES] [30d|2s|never]; quote a name with spaces".into()),
        };
        let new = NewToken::new(&self.owner, name).scopes(scopes.split(','));
        let new = match parse_expiry(expiry)? {
            Some(span) => new.expires_in(span),
            None => new,
        };
        Ok(shown_once(&self.tokens.issue(new).await?))
    }

    /// How long a token that was rotated away is still accepted.
    async fn rest_of(&self, id: TokenId) -> Result<String, Failure> {
        let record = self.tokens.get(&self.owner, id).await?.ok_or("it is gone")?;
        Ok(match record.ended() {
            Some(end) if state_of(&record) == "in grace" => format!("it works until {end}"),
            _ => "it is refused from now on".to_owned(),
        })
    }

    async fn list(&self) -> Result<String, Failure> {
        let mut lines = Vec::new();
        let mut query = ListQuery::all();
        loop {
            let page = self.tokens.list(&self.owner, query).await?;
            lines.extend(page.tokens.iter().map(|record| self.described(record)));
            match page.next {
                Some(next) => query = query.after(next),
                None if lines.is_empty() => return Ok("no tokens".to_owned()),
                None => return Ok(lines.join("\n")),
            }
        }
    }

    fn described(&self, record: &TokenRecord) -> String {
        let used = self.tokens.last_used(record).map_or("last use unknown".to_owned(), |used| {
            format!("used {}, or up to {} later", used.at, used.accuracy)
        });
        let (id, state, name) = (record.id, state_of(record), &record.name);
        format!("{id} {state:8} {name:?}, scopes {}, expires {}, {used}", record.scopes, record.expiry)
    }
}

pub fn shown_once(issued: &Issued) -> String {
    let record = &issued.record;
    format!(
        "issued {} {:?}, scopes {}, expires {}; copy the token now, it will not be shown again:\n{}",
        record.id,
        record.name,
        record.scopes,
        record.expiry,
        issued.token.expose()
    )
}

fn state_of(record: &TokenRecord) -> String {
    match Timestamp::try_from(std::time::SystemTime::now()).map(|now| record.state(now)) {
        Ok(TokenState::Active) if record.rotated.is_some() => "in grace".to_owned(),
        Ok(state) => state.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Words with white space between; double quotes keep some together.
fn words(line: &[u8]) -> Result<Vec<String>, Failure> {
    let line = std::str::from_utf8(line).map_err(|_| "this line is not UTF-8")?;
    let parts: Vec<&str> = line.split('"').collect();
    if parts.len().is_multiple_of(2) {
        return Err("a quote is not closed".into());
    }
    let words = parts.iter().enumerate().flat_map(|(number, part)| match number % 2 {
        1 => vec![*part],
        _ => part.split_whitespace().collect(),
    });
    Ok(words.map(str::to_owned).collect())
}

/// `never`, or a span.
fn parse_expiry(text: &str) -> Result<Option<Duration>, Failure> {
    if text == "never" { Ok(None) } else { Ok(Some(span::parse(text)?)) }
}

/// From a thread of its own: a blocking read would keep the runtime from stopping.
fn lines_of_stdin() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
