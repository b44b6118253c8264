//! How names and addresses are masked, here and not by whoever shows them (P11).

/// The columns that hold a person's name or address.
const PERSONAL: [&str; 4] = ["customer_name", "customer_email", "name", "email"];

/// Whether names and addresses are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Only their first letters.
    Masked,
    /// As they are.
    Revealed,
}

impl Shown {
    /// The value of a column as it may be shown.
    #[must_use]
    pub fn column(self, column: &str, value: &str) -> String {
        if PERSONAL.contains(&column) && self == Self::Masked { words(value) } else { self.id(value) }
    }

    /// The id of a customer, which may be an e-mail address.
    #[must_use]
    pub fn id(self, id: &str) -> String {
        if self == Self::Masked && id.contains('@') { words(id) } else { id.to_owned() }
    }
}

/// The first letter of each word and of each side of an address.
fn words(text: &str) -> String {
    let word = |word: &str| word.chars().next().map_or(String::new(), |first| format!("{first}***"));
    let address = |text: &str| text.split('@').map(word).collect::<Vec<_>>().join("@");
    text.split_whitespace().map(address).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_first_letters_of_names_and_addresses_are_left() {
        assert_eq!(Shown::Masked.column("customer_name", "Emma  Müller"), "E*** M***");
        assert_eq!(Shown::Masked.column("customer_email", "emma@example.com"), "e***@e***");
        assert_eq!(Shown::Masked.column("customer_id", "emma@example.com"), "e***@e***");
        assert_eq!(Shown::Masked.column("product_id", "PROD1"), "PROD1");
        assert_eq!(Shown::Revealed.column("customer_name", "Emma Müller"), "Emma Müller");
        assert_eq!(Shown::Masked.column("email", ""), "");
    }
}
