//! Base64url without padding (RFC 4648 §5) of whole groups, without a branch or a table: the time tells nothing of the
//! secret, and the compiler makes vectors of it.

/// Eight characters are six bytes.
const CHARACTERS: usize = 8;
const BYTES: usize = 6;

/// False if a character is not of the alphabet.
pub(super) fn decode<const T: usize, const B: usize>(text: &[u8; T], bytes: &mut [u8; B]) -> bool {
    const { whole_groups(T, B) };
    let sextets = text.map(sextet);
    let (groups, _) = sextets.as_chunks::<CHARACTERS>();
    let (places, _) = bytes.as_chunks_mut::<BYTES>();
    for (group, place) in groups.iter().zip(places) {
        let [_, _, joined @ ..] = join(u64::from_be_bytes(*group)).to_be_bytes();
        *place = joined;
    }
    sextets.iter().fold(0, |all, sextet| all | sextet) & NONE == 0
}

pub(super) fn encode<const B: usize, const T: usize>(bytes: &[u8; B], text: &mut [u8; T]) {
    const { whole_groups(T, B) };
    let (groups, _) = bytes.as_chunks::<BYTES>();
    let (places, _) = text.as_chunks_mut::<CHARACTERS>();
    for ([a, b, c, d, e, f], place) in groups.iter().zip(places) {
        *place = split(u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f])).to_be_bytes();
    }
    *text = text.map(character);
}

const fn whole_groups(characters: usize, bytes: usize) {
    assert!(characters.is_multiple_of(CHARACTERS) && bytes.is_multiple_of(BYTES));
    assert!(characters / CHARACTERS == bytes / BYTES);
}

/// Of what is no character of the alphabet.
const NONE: u8 = 0x80;

fn sextet(character: u8) -> u8 {
    let upper = character.wrapping_sub(b'A');
    let lower = character.wrapping_sub(b'a');
    let digit = character.wrapping_sub(b'0');
    let value = where_true(upper < 26, upper)
        | where_true(lower < 26, lower.wrapping_add(26))
        | where_true(digit < 10, digit.wrapping_add(52))
        | where_true(character == b'-', 62)
        | where_true(character == b'_', 63);
    // A alone has the value 0 rightly.
    value | where_true((value == 0) & (upper != 0), NONE)
}

fn character(sextet: u8) -> u8 {
    let lower = sextet.wrapping_sub(26);
    let digit = sextet.wrapping_sub(52);
    where_true(sextet < 26, sextet.wrapping_add(b'A'))
        | where_true(lower < 26, lower.wrapping_add(b'a'))
        | where_true(digit < 10, digit.wrapping_add(b'0'))
        | where_true(sextet == 62, b'-')
        | where_true(sextet == 63, b'_')
}

fn where_true(condition: bool, value: u8) -> u8 {
    u8::from(condition).wrapping_neg() & value
}

/// Eight sextets, each in a byte, to 48 bits: neighbours join, then pairs, then fours.
fn join(sextets: u64) -> u64 {
    let pairs = (sextets & 0x3F00_3F00_3F00_3F00) >> 2 | sextets & 0x003F_003F_003F_003F;
    let fours = (pairs & 0x0FFF_0000_0FFF_0000) >> 4 | pairs & 0x0000_0FFF_0000_0FFF;
    (fours & 0x00FF_FFFF_0000_0000) >> 8 | fours & 0x0000_0000_00FF_FFFF
}

/// The way back.
fn split(bits: u64) -> u64 {
    let fours = (bits & 0xFFFF_FF00_0000) << 8 | bits & 0x0000_00FF_FFFF;
    let pairs = (fours & 0x00FF_F000_00FF_F000) << 4 | fours & 0x0000_0FFF_0000_0FFF;
    (pairs & 0x0FC0_0FC0_0FC0_0FC0) << 2 | pairs & 0x003F_003F_003F_003F
}
