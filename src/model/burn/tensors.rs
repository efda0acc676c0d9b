//! Parameters ↔ tensors.

use burn::tensor::{Device, Tensor, TensorData};

use crate::device::{DeviceError, read};
use crate::model::parameters::{LayerMismatch, Parameters};

impl Parameters {
    /// The parameter as a tensor on `device`, checked as by [`Parameters::get`].
    ///
    /// # Errors
    ///
    /// As [`Parameters::get`].
    pub fn tensor<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
        device: &Device,
    ) -> Result<Tensor<D>, LayerMismatch> {
        let parameter = self.get(name, &shape)?;
        let data = TensorData::new(parameter.values.clone(), shape);
        Ok(Tensor::from_data(data, device))
    }

    /// Copies a tensor from its device; a parameter of the same name is replaced.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Failed`] when the device fails.
    pub async fn store<const D: usize>(
        &mut self,
        name: impl Into<String>,
        tensor: Tensor<D>,
    ) -> Result<(), DeviceError> {
        let shape = tensor.dims().to_vec();
        self.insert(name, shape, read(tensor).await?);
        Ok(())
    }
}
