//! The columns of a batch as Postgres arrays: each statement takes one array per column, so that a batch of any size is one statement and
//! one plan.

mod positions;

pub use positions::{Positions, kind_code, kind_of};

use std::marker::PhantomData;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, Postgres};
use sqlx::{Encode, Type};

/// The length that stands for an element that is null.
const NULL: i32 = -1;

/// The length of most elements at most: numbers, times, ids, short texts.
const ELEMENT_BYTES: usize = 16;

/// A column on its way to Postgres. The elements are written in the form in which an array sends them, while their row is at hand.
///
/// The form is that of `array_recv` in Postgres' arrayfuncs.c. The element types are those whose oid the driver knows.
#[derive(Debug)]
pub struct Array<T> {
    elements: PgArgumentBuffer,
    count: i32,
    of: PhantomData<T>,
}

impl<T> Array<T> {
    /// An empty column with room for `rows`. A column without room would be copied many times while it grows.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        let mut elements = PgArgumentBuffer::default();
        elements.reserve(rows * (size_of_val(&NULL) + ELEMENT_BYTES));
        Self { elements, count: 0, of: PhantomData }
    }
}

impl<'q, T: Encode<'q, Postgres>> Array<T> {
    /// Adds the value of the next row.
    ///
    /// # Errors
    /// If the value cannot be written in the form that Postgres reads.
    pub fn push(&mut self, value: T) -> Result<(), BoxDynError> {
        let start = self.elements.len();
        self.elements.extend_from_slice(&NULL.to_be_bytes());
        if let IsNull::No = value.encode_by_ref(&mut self.elements)? {
            let content = start + size_of_val(&NULL);
            let bytes = i32::try_from(self.elements.len() - content)?;
            self.elements[start..content].copy_from_slice(&bytes.to_be_bytes());
        }
        self.count += 1;
        Ok(())
    }
}

impl Array<Option<String>> {
    /// Adds the text of the next row, which need not be owned.
    ///
    /// # Errors
    /// If the text is longer than Postgres can take.
    pub fn push_text(&mut self, text: Option<&str>) -> Result<(), BoxDynError> {
        let length = text.map_or(Ok(NULL), |text| i32::try_from(text.len()))?;
        self.elements.extend_from_slice(&length.to_be_bytes());
        self.elements.extend_from_slice(text.unwrap_or_default().as_bytes());
        self.count += 1;
        Ok(())
    }
}

impl<T: PgHasArrayType> Type<Postgres> for Array<T> {
    fn type_info() -> PgTypeInfo {
        T::array_type_info()
    }
}

impl<T: Type<Postgres>> Encode<'_, Postgres> for Array<T> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let element = T::type_info().oid().ok_or("an array of a type without a number")?;
        // The server looks for nulls by itself, whatever the flags say.
        let (dimensions, flags, first_index) = (1_i32, 0_i32, 1_i32);
        buffer.extend_from_slice(&dimensions.to_be_bytes());
        buffer.extend_from_slice(&flags.to_be_bytes());
        buffer.extend_from_slice(&element.0.to_be_bytes());
        buffer.extend_from_slice(&self.count.to_be_bytes());
        buffer.extend_from_slice(&first_index.to_be_bytes());
        buffer.extend_from_slice(&self.elements);
        Ok(IsNull::No)
    }

    fn size_hint(&self) -> usize {
        self.elements.len() + 24
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent<'q>(value: &impl Encode<'q, Postgres>) -> Vec<u8> {
        let mut buffer = PgArgumentBuffer::default();
        assert!(matches!(value.encode_by_ref(&mut buffer), Ok(IsNull::No)));
        buffer.to_vec()
    }

    fn column<'q, T: Encode<'q, Postgres>>(values: impl IntoIterator<Item = T>) -> Array<T> {
        let mut column = Array::with_capacity(1);
        values.into_iter().try_for_each(|value| column.push(value)).expect("encodes");
        column
    }

    proptest! {
        #[test]
        fn a_column_is_sent_as_the_driver_sends_a_list(numbers in proptest::collection::vec(any::<Option<i64>>(), 0..9), texts in proptest::collection::vec(any::<Option<String>>(), 0..9)) {
            prop_assert_eq!(sent(&column(numbers.clone())), sent(&numbers));
            let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
            prop_assert_eq!(sent(&column(texts.clone())), sent(&texts));
        }
    }
}
