//! Where the network runs.

use thiserror::Error;

use crate::ErrorCode;

/// The kinds of device that the network runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// The processor, with SIMD.
    Cpu,
    /// The graphics processor: WebGPU in the browser; Vulkan, Metal or DirectX natively.
    WebGpu,
}

/// A device that was opened.
#[derive(Debug, Clone)]
pub enum Device {
    /// The processor, with this crate's own kernels.
    Cpu,
    /// One of burn's devices.
    #[cfg(feature = "burn")]
    Burn(burn::tensor::Device),
}

/// Why a device cannot be used.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// There is no such device, or it refused.
    #[error("no graphics processor can be used: {0}")]
    Unavailable(String),
    /// The device failed while it computed, or while its answer was read.
    #[error("the device stopped while it computed: {0}")]
    Failed(String),
    /// This build was made without that backend.
    #[error("this build of Tilelens has no GPU support")]
    NotBuilt,
}

impl ErrorCode for DeviceError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "device.unavailable",
            Self::Failed(_) => "device.failed",
            Self::NotBuilt => "device.not_built",
        }
    }
}

impl DeviceKind {
    /// Opens the device. The GPU is opened once in a process; every later call gets the same one.
    ///
    /// # Errors
    ///
    /// [`DeviceError`] when there is no such device.
    pub async fn open(self) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::WebGpu => open_gpu().await,
        }
    }
}

#[cfg(feature = "webgpu")]
async fn open_gpu() -> Result<Device, DeviceError> {
    use burn::tensor::wgpu::WgpuBackend;
    use std::sync::OnceLock;

    static GPU: OnceLock<burn::tensor::Device> = OnceLock::new();
    if let Some(device) = GPU.get() {
        return Ok(Device::Burn(device.clone()));
    }
    let api = if cfg!(target_family = "wasm") { WgpuBackend::WebGpu } else { WgpuBackend::Vulkan };
    let device = burn::tensor::Device::wgpu_options()
        .graphics_api(api)
        .init_async()
        .await
        .map_err(|error| DeviceError::Unavailable(error.to_string()))?;
    Ok(Device::Burn(GPU.get_or_init(|| device).clone()))
}

#[cfg(not(feature = "webgpu"))]
async fn open_gpu() -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt)
}

#[cfg(feature = "cli")]
impl Device {
    /// The device as burn knows it; for the processor, burn's own backend there.
    pub fn to_burn(&self) -> burn::tensor::Device {
        match self {
            Self::Cpu => burn::tensor::Device::flex(),
            Self::Burn(device) => device.clone(),
        }
    }
}

/// The values of a tensor, copied from its device.
///
/// # Errors
///
/// [`DeviceError::Failed`] when the device fails.
#[cfg(feature = "burn")]
pub async fn read<const D: usize>(tensor: burn::tensor::Tensor<D>) -> Result<Vec<f32>, DeviceError> {
    let failed = |error: &dyn std::fmt::Display| DeviceError::Failed(error.to_string());
    let data = tensor.into_data_async().await.map_err(|error| failed(&error))?;
    data.try_to_vec().map_err(|error| failed(&error))
}
