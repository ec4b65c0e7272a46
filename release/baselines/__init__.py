"""The models that every version is scored with: floors, a linear model, ResNet-50."""
