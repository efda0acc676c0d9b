//! Named arrays of weights, between a file and a network.

use thiserror::Error;

use crate::ErrorCode;

/// One named array: its shape and its values in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Extents, outermost first; PyTorch's layout (`[out, in, height, width]`, `[out, in]`).
    pub shape: Vec<usize>,
    /// `shape.iter().product()` values.
    pub values: Vec<f32>,
}

/// The weights of a network, by torchvision's names (`features.0.0.weight`, …).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    /// In the order of their names. A network has some hundred, for which a tree would be more code than it is worth; files
    /// with more than [`MAX_MODEL_ARRAYS`](crate::limits::MAX_MODEL_ARRAYS) are refused.
    sorted: Vec<(String, Parameter)>,
}

/// The first layer at which a set of weights is not the network's.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LayerMismatch {
    /// The layer is not there at all.
    #[error(
        "the first layer that differs is `{name}`: the network needs {expected:?}, the weights have no such layer"
    )]
    Missing {
        /// The parameter's name.
        name: String,
        /// The shape that the network needs.
        expected: Vec<usize>,
    },
    /// The layer is there with another shape.
    #[error(
        "the first layer that differs is `{name}`: the network needs {expected:?}, the weights have {found:?}"
    )]
    Shape {
        /// The parameter's name.
        name: String,
        /// The shape that the network needs.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
    /// The layer has the right shape but holds a NaN or an infinity.
    #[error("the layer `{name}` holds values that are not finite numbers")]
    NotFinite {
        /// The parameter's name.
        name: String,
    },
}

impl ErrorCode for LayerMismatch {
    fn code(&self) -> &'static str {
        "model.layer"
    }
}

impl Parameters {
    /// Adds a parameter; one of the same name is replaced.
    ///
    /// # Panics
    ///
    /// When the number of values is not the shape's product.
    pub fn insert(&mut self, name: impl Into<String>, shape: Vec<usize>, values: Vec<f32>) {
        assert_eq!(shape.iter().product::<usize>(), values.len());
        self.put(name.into(), Parameter { shape, values });
    }

    fn put(&mut self, name: String, parameter: Parameter) {
        match self.place(&name) {
            Ok(place) => self.sorted[place].1 = parameter,
            Err(place) => self.sorted.insert(place, (name, parameter)),
        }
    }

    /// Where it is, or else where it would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.sorted.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }

    fn find(&self, name: &str) -> Option<&Parameter> {
        self.place(name).ok().map(|place| &self.sorted[place].1)
    }

    /// Adds all parameters of `others`; those of the same names are replaced.
    pub fn extend(&mut self, others: &Self) {
        for (name, parameter) in &others.sorted {
            self.put(name.clone(), parameter.clone());
        }
    }

    /// Replaces rows of a parameter by rows of its namesake in `other`: row `i` by row `from(i)`, where there is one.
    ///
    /// # Panics
    ///
    /// When either lacks the parameter, or their rows differ in length.
    pub fn copy_rows(&mut self, other: &Self, name: &str, from: impl Fn(usize) -> Option<usize>) {
        let place = self.place(name).expect("a parameter");
        let (target, source) = (&mut self.sorted[place].1, other.find(name).expect("a parameter"));
        let length = target.values.len() / target.shape[0];
        for (row, values) in target.values.chunks_mut(length).enumerate() {
            if let Some(from) = from(row) {
                values.copy_from_slice(&source.values[from * length..][..length]);
            }
        }
    }

    /// Drops every parameter whose name begins with one of `prefixes`.
    pub fn remove(&mut self, prefixes: &[&str]) {
        self.sorted.retain(|(name, _)| !prefixes.iter().any(|prefix| name.starts_with(prefix)));
    }

    /// All parameters in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.sorted.iter().map(|(name, parameter)| (name.as_str(), parameter))
    }

    /// The shape of the parameter of that name, where it is there.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.find(name).map(|parameter| parameter.shape.as_slice())
    }

    /// The parameter, checked to have the shape that the network needs.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] when it is missing, has another shape, or holds a value that is not finite.
    pub fn get(&self, name: &str, expected: &[usize]) -> Result<&Parameter, LayerMismatch> {
        let parameter = self
            .find(name)
            .ok_or_else(|| LayerMismatch::Missing { name: name.into(), expected: expected.into() })?;
        if parameter.shape != expected {
            return Err(LayerMismatch::Shape {
                name: name.into(),
                expected: expected.into(),
                found: parameter.shape.clone(),
            });
        }
        if !parameter.values.iter().all(|value| value.is_finite()) {
            return Err(LayerMismatch::NotFinite { name: name.into() });
        }
        Ok(parameter)
    }
}

impl IntoIterator for Parameters {
    type Item = (String, Parameter);
    type IntoIter = std::vec::IntoIter<(String, Parameter)>;

    /// All parameters in the order of their names.
    fn into_iter(self) -> Self::IntoIter {
        self.sorted.into_iter()
    }
}
