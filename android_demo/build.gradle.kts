// Versions stand in gradle/libs.versions.toml; the modules apply what they need.
plugins {
    alias(libs.plugins.android.application) apply false
    alias(libs.plugins.kotlin.jvm) apply false
}
