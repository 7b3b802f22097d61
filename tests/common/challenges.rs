//! `WWW-Authenticate` by the grammar of RFC 9110 §11.2 to §11.6.1, as strictly as a sender is held to it; written
//! from the RFC, not from the guard.

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    pub scheme: String,
    pub token68: Option<String>,
    pub params: Vec<(String, String)>,
}

impl Challenge {
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The challenges of one field line: `1#challenge`.
pub fn parse(line: &[u8]) -> Result<Vec<Challenge>, String> {
    let text = std::str::from_utf8(line).ok().filter(|text| text.is_ascii()).ok_or("it is not ASCII")?;
    let mut rest = Rest(text);
    let mut challenges = vec![rest.challenge()?];
    while !rest.0.is_empty() {
        rest.comma()?;
        challenges.push(rest.challenge()?);
    }
    Ok(challenges)
}

/// What is still to be read.
#[derive(Clone, Copy)]
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// `auth-scheme [ 1*SP ( token68 / #auth-param ) ]`
    fn challenge(&mut self) -> Result<Challenge, String> {
        let mut challenge = Challenge { scheme: self.token()?.to_owned(), ..Challenge::default() };
        if self.take_while(|c| c == ' ').is_empty() {
            return Ok(challenge);
        }
        challenge.token68 = self.token68();
        while challenge.token68.is_none() {
            let (name, value) = self.param()?;
            if challenge.param(&name).is_some() {
                return Err(format!("{name} stands there twice"));
            }
            challenge.params.push((name, value));
            if !self.param_follows() {
                break;
            }
            self.comma()?;
        }
        Ok(challenge)
    }

    /// Only where nothing but the next challenge follows; else it is the name of a parameter.
    fn token68(&mut self) -> Option<String> {
        let mut ahead = *self;
        let body = ahead.take_while(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        let padding = ahead.take_while(|c| c == '=');
        if body.is_empty() || !(ahead.0.is_empty() || ahead.0.starts_with(',')) {
            return None;
        }
        *self = ahead;
        Some(format!("{body}{padding}"))
    }

    /// `token "=" ( token / quoted-string )`, without the white space that only recipients must bear.
    fn param(&mut self) -> Result<(String, String), String> {
        let name = self.token()?.to_owned();
        self.expect('=')?;
        let value = if self.0.starts_with('"') { self.quoted()? } else { self.token()?.to_owned() };
        Ok((name, value))
    }

    fn param_follows(self) -> bool {
        let mut ahead = self;
        ahead.comma().is_ok() && ahead.token().is_ok() && ahead.0.starts_with('=')
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.expect('"')?;
        let mut value = String::new();
        loop {
            match self.next()? {
                '"' => return Ok(value),
                '\\' => match self.next()? {
                    c @ ('\t' | ' '..='~') => value.push(c),
                    c => return Err(format!("{c:?} is quoted")),
                },
                c @ ('\t' | ' '..='~') => value.push(c),
                c => return Err(format!("{c:?} in a quoted-string")),
            }
        }
    }

    fn token(&mut self) -> Result<&'a str, String> {
        match self.take_while(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)) {
            "" => Err(format!("a token should stand before {:?}", self.0)),
            token => Ok(token),
        }
    }

    /// `OWS "," OWS`
    fn comma(&mut self) -> Result<(), String> {
        self.take_while(|c| matches!(c, ' ' | '\t'));
        self.expect(',')?;
        self.take_while(|c| matches!(c, ' ' | '\t'));
        Ok(())
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        match self.next()? {
            c if c == wanted => Ok(()),
            c => Err(format!("{c:?} in place of {wanted:?}")),
        }
    }

    fn next(&mut self) -> Result<char, String> {
        let mut chars = self.0.chars();
        let next = chars.next().ok_or("it ends too early")?;
        self.0 = chars.as_str();
        Ok(next)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) = self.0.split_at(self.0.find(|c| !wanted(c)).unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }
}
