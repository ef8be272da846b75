//! Decoders and encoders that are reused from one call to the next, as long as they do not fail.

/// A decoder or encoder whose set-up is not free. One that has failed is never used again: a library in C may keep the
/// state of its failure, and fail at everything later. It is taken out for each call, and put back only after success.
pub(crate) struct Reused<T>(Option<T>);

impl<T> Default for Reused<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Reused<T> {
    /// The result of `call` with the stored one, or with a new one if there is none.
    ///
    /// # Errors
    /// Those of `make` and of `call`.
    pub(crate) fn with<R, E>(
        &mut self,
        make: impl FnOnce() -> Result<T, E>,
        call: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut one = self.0.take().map_or_else(make, Ok)?;
        let result = call(&mut one)?;
        self.0 = Some(one);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_has_failed_is_not_used_again() {
        let (mut reused, mut made) = (Reused::default(), 0);
        let mut call = |fails: bool| {
            let make = || {
                made += 1;
                Ok(made)
            };
            reused.with(make, |one| if fails { Err(*one) } else { Ok(*one) })
        };
        let outcomes = [false, false, true, true, false, false].map(&mut call);
        assert_eq!(outcomes, [Ok(1), Ok(1), Err(1), Err(2), Ok(3), Ok(3)]);
    }
}
